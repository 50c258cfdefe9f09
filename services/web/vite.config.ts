import react from "@vitejs/plugin-react";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

/** `AGENTBUS_URL=http://127.0.0.1:8000 npm run dev` shows the working copy on a running system. */
const system = process.env.AGENTBUS_URL ?? "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "~": fileURLToPath(new URL("src", import.meta.url)) } },
  server: { proxy: { "/api": { target: system, ws: true, changeOrigin: true } } },
  build: { target: "es2023", chunkSizeWarningLimit: 700, reportCompressedSize: true },
});
