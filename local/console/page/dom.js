// Builds elements. Text goes in as text and never as markup: what a stranger named cannot become an element.

/** An element with attributes and children; a function is a listener of the event that it is named after. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child != null && child !== false));
  return element;
}

// Control characters, and those that turn the direction of text, cannot be seen or look like a blank; not what
// joins and colours emoji, where it follows one.
const OF_EMOJI = "(?<=\\p{Extended_Pictographic}\\p{Emoji_Modifier}?\\ufe0f?)[\\u200d\\ufe0f]";
const HIDDEN = "[\\p{Cc}\\p{Cf}\\p{Cs}\\p{Zl}\\p{Zp}\\p{Default_Ignorable_Code_Point}\\u00a0\\u2800]";
const UNSEEN = new RegExp(`((?!${OF_EMOJI})${HIDDEN})`, "u");
const UNSEEN_IN_LINES = new RegExp(`((?!${OF_EMOJI}|\\n)${HIDDEN})`, "u");

/** What a stranger named: apart from the text around it, whatever its direction, and nothing of it unseen. */
export function named(text) {
  return make("bdi", { class: "name" }, legible(String(text), UNSEEN));
}

/** Text of many lines that holds what strangers named. */
export function code(text) {
  return make("code", {}, legible(text, UNSEEN_IN_LINES));
}

function legible(text, pattern) {
  const parts = text.split(pattern).filter((part) => part !== "");
  return parts.map((part) => (pattern.test(part) ? unseen(part) : part));
}

function unseen(character) {
  const code = character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
  return make("span", { class: "unseen" }, `U+${code}`);
}

const shown = new WeakMap();

/**
 * Shows items as the children of a parent. An item that stays keeps its element, and so its focus.
 * `update` fills an element, and is called for each item each time.
 */
export function sync(parent, items, keyOf, create, update) {
  const before = shown.get(parent) ?? new Map();
  const wanted = new Map(items.map((item) => [keyOf(item), item]));
  for (const [key, element] of before) if (!wanted.has(key)) element.remove();
  const after = new Map();
  let place = parent.firstElementChild;
  for (const [key, item] of wanted) {
    const element = before.get(key) ?? create(item);
    update(element, item);
    if (element === place) place = place.nextElementSibling;
    else parent.insertBefore(element, place);
    after.set(key, element);
  }
  shown.set(parent, after);
}

/** Fills an element anew if what it shows has changed, so that a selection in it stays. */
export function fill(element, told, children) {
  const text = JSON.stringify(told);
  if (filled.get(element) === text) return false;
  filled.set(element, text);
  element.replaceChildren(...[children()].flat(Infinity).filter((child) => child != null && child !== false));
  return true;
}
const filled = new WeakMap();

/** A button that copies a text, and says so. */
export function copyButton(text, label) {
  const button = make("button", { type: "button", class: "quiet copy", "aria-label": label }, "Copy");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Select it";
    }
  });
  button.addEventListener("blur", () => (button.textContent = "Copy"));
  return button;
}

/** Lets the arrow keys move between the buttons of a list, as Tab does. */
export function arrowKeys(list, selector) {
  list.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const buttons = [...list.querySelectorAll(selector)];
    const next = buttons.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
    if (!buttons.includes(document.activeElement) || !buttons[next]) return;
    event.preventDefault();
    buttons[next].focus();
  });
}
