import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  base: "./",
  plugins: [react(), tailwindcss()],
  resolve: {
    alias: {
      "@": here("./src"),
      // The original adds a <style> element, which our content security policy refuses.
      "react-remove-scroll": here("./src/components/scroll-lock.tsx"),
    },
  },
  build: {
    outDir: here("../src/plimsoll/static"),
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      output: {
        manualChunks: (id: string) => (id.includes("lightweight-charts") || id.includes("fancy-canvas") ? "chart" : undefined),
      },
    },
  },
  server: { proxy: { "/api": { target: process.env["PLIMSOLL_ADDRESS"] ?? "http://127.0.0.1:8000", ws: true }, "/health": process.env["PLIMSOLL_ADDRESS"] ?? "http://127.0.0.1:8000" } },
  test: { include: ["tests/**/*.test.ts"], environment: "node" },
});
