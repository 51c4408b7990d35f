// The head of the page: whose rooms, where webhooks go, whether it follows, and how webhooks came out.

import { copyButton, fill, make } from "./dom.js";

const OUTCOMES = ["applied", "stale", "observed", "unreadable"];
const element = (id) => document.getElementById(id);

/** Shows what stays as it is. */
export function showSettings(settings, app, actions) {
  const { apps, webhook_url: url, table } = settings;
  const choice = element("app");
  choice.replaceChildren(...apps.map((one) => make("option", { value: one, selected: one === app }, one)));
  choice.onchange = () => actions.chooseApp(choice.value);
  element("receiver").replaceChildren(
    make("span", { class: "muted" }, url ? "Receiver" : "Table"),
    make("code", {}, url ?? table),
    ...(url ? [copyButton(url, "Copy the receiver's URL")] : [make("span", { class: "tag" }, "read-only")]),
  );
  element("follow").onclick = () => actions.toggle();
}

/** Shows how many webhooks came out how: of the whole table, or else of what is loaded. */
export function showOutcomes(counts, of) {
  const list = element("outcomes");
  list.title = of;
  fill(list, counts, () =>
    OUTCOMES.filter((name) => counts[name] || name === "applied" || name === "stale").map((name) =>
      make("li", {}, make("strong", {}, String(counts[name] ?? 0)), " ", make("span", { class: `dot ${name}` }), name),
    ),
  );
}

/** Shows whether what happens is followed. */
export function showFollowing(paused) {
  const button = element("follow");
  button.classList.toggle("paused", paused);
  fill(button, paused, () => [
    make("span", { class: "lamp", "aria-hidden": "true" }),
    paused ? "Paused · go on" : "Live",
  ]);
  button.title = paused ? "Follow what happens again" : "Stop following";
}

/** Shows what is wrong with the server, if anything is. */
export function showNotice(text) {
  const notice = element("notice");
  if (notice.textContent !== text) notice.textContent = text;
  notice.hidden = text === "";
}
