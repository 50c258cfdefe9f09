import react from "@vitejs/plugin-react";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

/** `AGENTBUS_URL=http://127.0.0.1:8000 npm run dev` shows the working copy on a running system. */
const system = process.env.AGENTBUS_URL ?? "http://127.0.0.1:8000";

/** Tells the service worker which files there are. */
function serviceWorker(): Plugin {
  return {
    name: "service-worker",
    apply: "build",
    generateBundle(_options, bundle) {
      const used = Object.keys(bundle).filter((name) => !/-(?:vietnamese|greek|cyrillic)/.test(name));
      const files = ["/icon.svg", ...used.filter((name) => name !== "index.html").map((name) => `/${name}`)];
      const version = createHash("sha256").update(files.join()).digest("hex").slice(0, 8);
      const constants = `const VERSION = "${version}";\nconst FILES = ${JSON.stringify(files)};\n`;
      const source = constants + readFileSync(fileURLToPath(new URL("sw.js", import.meta.url)), "utf8");
      this.emitFile({ type: "asset", fileName: "sw.js", source });
    },
  };
}

/** Puts a compressed copy beside each file: the edge sends it as it is, smaller than it could make it in time. */
function compressed(): Plugin {
  return {
    name: "compressed",
    apply: "build",
    writeBundle({ dir = "dist" }, bundle) {
      for (const name of Object.keys(bundle).filter((each) => /\.(?:js|css|html)$/.test(each))) {
        writeFileSync(join(dir, `${name}.br`), brotliCompressSync(readFileSync(join(dir, name))));
      }
    },
  };
}

export default defineConfig({
  plugins: [react(), serviceWorker(), compressed()],
  resolve: { alias: { "~": fileURLToPath(new URL("src", import.meta.url)) } },
  // Runbooks and types stand beside the app in the repository.
  server: { fs: { allow: ["../.."] }, proxy: { "/api": { target: system, ws: true, changeOrigin: true } } },
  build: { target: "es2023", chunkSizeWarningLimit: 700, reportCompressedSize: true },
});
