/** The app itself without a connection: a service worker (sw.js) keeps its files. Called by main.tsx. */
export function keepForOffline(): void {
  if (import.meta.env.PROD && "serviceWorker" in navigator) void navigator.serviceWorker.register("/sw.js");
}
