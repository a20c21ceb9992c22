// The theme menu: changes the page at once and lets the server keep the choice.
// Without this script the same form posts and the page comes back in the new theme.

const root = document.documentElement;

function show(theme) {
  root.dataset.theme = theme;
  for (const button of document.querySelectorAll("[data-theme-form] button")) {
    button.setAttribute("aria-pressed", String(button.value === theme));
  }
  document.dispatchEvent(new CustomEvent("themechange", { detail: theme }));
}

document.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-theme-form]");
  if (!form || !event.submitter) return;
  event.preventDefault();
  const body = new FormData(form, event.submitter);
  show(event.submitter.value);
  form.closest("[popover]")?.hidePopover();
  fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
});

// Charts are drawn in colours of the moment, so they must hear of the system's change as well.
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  if (root.dataset.theme === "system") show("system");
});
