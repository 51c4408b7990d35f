// Sends a webhook to the receiver: a sample, or what was edited; now, late, or as it is written; once or twice.

import { get, post } from "./api.js";
import { make, named } from "./dom.js";

const DATES = [
  ["now", "now"],
  ["late", "a minute ago (late)"],
  ["written", "as written"],
];

export async function makeSend(settings, actions) {
  const panel = document.getElementById("send");
  if (!settings.sends) return;
  const { samples } = (await get("/console/samples")).body;
  const sample = make("select", { id: "sample" }, samples.map(({ name, command }) => make("option", { value: name }, `${name.slice(0, 3)} ${command}`)));
  const body = make("textarea", { id: "body", rows: "10", spellcheck: "false", autocomplete: "off" });
  const dates = DATES.map(([value, words], place) =>
    make("label", {}, make("input", { type: "radio", name: "dated", value, checked: place === 0 }), ` ${words}`),
  );
  const answer = make("div", { class: "answer", role: "status" });
  const form = make(
    "form",
    {},
    make("label", { for: "sample" }, "Sample"),
    sample,
    make("label", { for: "body" }, "Its body"),
    body,
    make("fieldset", {}, make("legend", {}, "EventTime"), dates),
    make("div", { class: "buttons" }, make("button", { type: "submit", value: "once" }, "Send"), make("button", { type: "submit", value: "twice" }, "Send twice")),
    answer,
  );
  panel.append(form);
  panel.hidden = false;
  if (settings.signed) form.append(make("p", { class: "muted" }, "It is signed with the receiver's token."));

  const choose = () => (body.value = samples.find(({ name }) => name === sample.value).body);
  sample.addEventListener("change", choose);
  choose();

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const dated = form.elements.dated.value;
    const twice = event.submitter?.value === "twice";
    try {
      const told = await post("/console/send", { sdk_app_id: actions.app(), body: body.value, dated, twice });
      answer.replaceChildren(...told.answers.map(answered), ...told.records.map(outcome), ...(told.records.length === 0 ? [make("p", {}, "Nothing of it was stored.")] : []));
      actions.sent();
    } catch (error) {
      answer.replaceChildren(make("p", { class: "wrong" }, error.message));
    }
  });

  function answered({ status, text, ok }) {
    return make("p", { class: ok ? "" : "wrong" }, `Answered ${status} ${text}`);
  }

  function outcome({ room_id: room, outcome, reason, changes }) {
    const words = reason ?? (changes.length > 0 ? [...new Set(changes)].join(", ") : "nothing changed");
    return make(
      "p",
      {},
      make("span", { class: `badge ${outcome}` }, outcome),
      ` ${words} `,
      room !== null && make("button", { type: "button", class: "link", click: () => actions.open(room) }, "Show room ", named(room)),
    );
  }
}
