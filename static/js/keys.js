// Keyboard shortcuts: "/" to the filter, "?" for the list, "g" and a letter to a room.
// A reader can switch them off (WCAG 2.1.4); the choice stays in this browser.

const OFF = "keys-off";
const CHORD_MS = 1200;
let chordUntil = 0;

const isOff = () => localStorage.getItem(OFF) === "yes";
const isTyping = (target) => target.closest("input, select, textarea, [contenteditable], dialog[open]");

function focusFilter() {
  const field = document.querySelector("[data-filter], main input[type=search]");
  field?.focus();
  field?.select?.();
  return Boolean(field);
}

function goTo(key) {
  const link = [...document.querySelectorAll("a[data-key]")].find((a) => a.dataset.key === key);
  link?.click();
  return Boolean(link);
}

function handle(event) {
  const key = event.key.toLowerCase();
  if (chordUntil > event.timeStamp) {
    chordUntil = 0;
    return goTo(key);
  }
  if (key === "g") {
    chordUntil = event.timeStamp + CHORD_MS;
    return false;
  }
  if (key === "/") return focusFilter();
  if (key === "?") {
    document.getElementById("keys-dialog")?.showModal();
    return true;
  }
  return false;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isOff() || isTyping(event.target)) return;
  if (handle(event)) event.preventDefault();
});

const choice = document.querySelector("[data-keys-switch]");
if (choice) {
  choice.checked = !isOff();
  choice.addEventListener("change", () => localStorage.setItem(OFF, choice.checked ? "no" : "yes"));
}
