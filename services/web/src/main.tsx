/** Puts the app together: look, data, who is signed in, pages. */
import "@fontsource-variable/inter";
import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "@mantine/spotlight/styles.css";
import "./styles.css";
import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { ApiProblem } from "./api/http";
import { MigrationProvider } from "./migration/MigrationProvider";
import { keepForOffline } from "./offline";
import { router } from "./router";
import { SessionGate } from "./session/SessionGate";
import { theme } from "./theme";
import { WorkspaceProvider } from "./workspace/WorkspaceProvider";

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 1_000,
      // What the server has judged is not asked again; what may pass is.
      retry: (count, error) => count < 2 && !(error instanceof ApiProblem && !error.passing),
    },
  },
});

keepForOffline();

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={theme} defaultColorScheme="auto">
      <QueryClientProvider client={queries}>
        <SessionGate>
          <WorkspaceProvider>
            <MigrationProvider>
              <RouterProvider router={router} />
            </MigrationProvider>
          </WorkspaceProvider>
        </SessionGate>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
