// What every page needs beside HTML: htmx's manners, toasts, copy buttons, dialogs, file drops.
// One listener per kind of event on the document, so swapped fragments work without set-up.

const TOAST_MS = 8000;

// --- toasts ---------------------------------------------------------------

export function toast(text, tone = "info") {
  const piece = document.getElementById("toast-template").content.cloneNode(true);
  const box = piece.firstElementChild;
  box.classList.add(`toast-${tone}`);
  box.querySelector("p").textContent = text;
  document.getElementById("toasts").append(box);
  // What went wrong stays until it is read.
  if (tone === "ok" || tone === "info") setTimeout(() => box.remove(), TOAST_MS);
}

// A response may ask for one: HX-Trigger: {"toast": {"text": "Saved.", "tone": "ok"}}
document.addEventListener("toast", (event) => toast(event.detail.text, event.detail.tone));

// --- htmx -----------------------------------------------------------------

const SENTENCES = {
  0: "The server did not answer. Check the connection and try again.",
  401: "You are signed out. Sign in again in another tab, then repeat this.",
  403: "You may not do this.",
  404: "That is not there any more. Reload the page.",
  413: "That file is too large.",
  429: "Too many requests. Wait a moment and try again.",
};

function csrfToken() {
  return document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
}

document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.verb !== "get") event.detail.headers["X-CSRFToken"] = csrfToken();
});

document.addEventListener("htmx:responseError", (event) => {
  const { status } = event.detail.xhr;
  toast(SENTENCES[status] ?? `The server failed (${status}). Nothing was changed; try again.`, "danger");
});

document.addEventListener("htmx:sendError", () => toast(SENTENCES[0], "danger"));

// A new panel takes the focus to its heading where it asks for that.
document.addEventListener("htmx:afterSettle", (event) => {
  openDialogs(event.target);
  event.target.querySelector?.("[data-focus]")?.focus();
});

// --- dialogs --------------------------------------------------------------

// `data-open` is how the server opens a dialog, for instance with errors in its form.
function openDialogs(within) {
  for (const dialog of within.querySelectorAll?.("dialog[data-open]") ?? []) {
    dialog.removeAttribute("data-open");
    dialog.showModal();
  }
}

// Browsers that know `command` open dialogs by themselves, with or without this script.
const knowsCommands = "commandForElement" in HTMLButtonElement.prototype;

function runCommand(button) {
  const target = document.getElementById(button.getAttribute("commandfor"));
  if (button.getAttribute("command") === "show-modal") target?.showModal();
  else target?.close();
}

// --- clicks ---------------------------------------------------------------

async function copy(button) {
  const text = button.closest("[data-copy]").querySelector("pre, code, input");
  await navigator.clipboard.writeText(text.value ?? text.textContent);
  toast("Copied.", "ok");
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  // A click on the backdrop is a click on the dialog itself, outside its box.
  if (event.target.matches("dialog[open]") && isOutside(event)) event.target.close();
  if (!button) return;
  if (button.matches("[data-dismiss]")) button.closest(".toast, .banner").remove();
  if (button.matches("[data-copy-button]")) copy(button);
  if (button.closest("[popover]")) button.closest("[popover]").hidePopover();
  if (!knowsCommands && button.hasAttribute("commandfor")) runCommand(button);
});

function isOutside(event) {
  const box = event.target.getBoundingClientRect();
  const within = (value, low, high) => value >= low && value <= high;
  return !(within(event.clientX, box.left, box.right) && within(event.clientY, box.top, box.bottom));
}

// --- file drops -----------------------------------------------------------

function dropOf(event) {
  return event.target.closest?.("[data-drop]");
}

document.addEventListener("dragover", (event) => {
  const drop = dropOf(event);
  if (!drop) return;
  event.preventDefault();
  drop.classList.add("is-over");
});

document.addEventListener("dragleave", (event) => dropOf(event)?.classList.remove("is-over"));

document.addEventListener("drop", (event) => {
  const drop = dropOf(event);
  if (!drop) return;
  event.preventDefault();
  drop.classList.remove("is-over");
  const input = drop.querySelector("input[type=file]");
  input.files = event.dataTransfer.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
});

openDialogs(document);
