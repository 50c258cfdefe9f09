/** One accent, few borders, one type family and a monospace. Used by main.tsx. */
import { createTheme } from "@mantine/core";

export const theme = createTheme({
  primaryColor: "indigo",
  primaryShade: { light: 7, dark: 7 },
  autoContrast: true,
  defaultRadius: "md",
  fontFamily: "'Inter Variable', system-ui, sans-serif",
  fontFamilyMonospace: "ui-monospace, 'JetBrains Mono', 'DejaVu Sans Mono', monospace",
  headings: { fontWeight: "600", sizes: { h1: { fontSize: "1.375rem" }, h2: { fontSize: "1rem" } } },
  cursorType: "pointer",
  // Named, not imported: what only some pages use is no part of the first load.
  components: {
    Button: { defaultProps: { size: "sm" } },
    Drawer: {
      defaultProps: { position: "right", size: "lg", overlayProps: { backgroundOpacity: 0.25 } },
      styles: { title: { fontWeight: 600 } },
    },
    Notification: { defaultProps: { closeButtonProps: { "aria-label": "Close" } } },
    Modal: { defaultProps: { centered: true } },
    Tooltip: { defaultProps: { openDelay: 350, withArrow: true } },
  },
});
