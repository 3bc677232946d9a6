import "./shell/theme.css";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Providers } from "./shell/Providers";
import { router } from "./shell/routes";

// A screen that is fetched late may be of a version that is gone: the new one is a reload away.
window.addEventListener("vite:preloadError", (event) => {
  const last = Number(sessionStorage.getItem("plimsoll.reloaded") ?? "0");
  if (Date.now() - last < 30_000) return;
  sessionStorage.setItem("plimsoll.reloaded", String(Date.now()));
  event.preventDefault();
  location.reload();
});

const place = document.getElementById("page");
if (place === null) throw new Error("index.html has no #page");
createRoot(place).render(
  <StrictMode>
    <Providers>
      <RouterProvider router={router} />
    </Providers>
  </StrictMode>,
);
