// Where a user is: the rooms that the user is online in.

import { getOnce } from "./api.js";
import { make, named } from "./dom.js";

export function makeWhere(actions) {
  const user = make("input", { id: "user", autocomplete: "off", spellcheck: "false", required: true, maxlength: "256" });
  const answer = make("div", { class: "answer", role: "status" });
  const form = make(
    "form",
    {},
    make("label", { for: "user" }, "User id"),
    make("div", { class: "buttons" }, user, make("button", { type: "submit" }, "Find")),
    answer,
  );
  document.getElementById("where").append(form);

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const { rooms, next } = await getOnce("/v1/user", { sdk_app_id: actions.app(), user_id: user.value });
      answer.replaceChildren(
        ...(rooms.length === 0 ? [make("p", {}, "In no room.")] : []),
        make("ul", { class: "plain" }, rooms.map(place)),
        ...(next === null ? [] : [make("p", { class: "muted" }, "and in more rooms")]),
      );
    } catch (error) {
      answer.replaceChildren(make("p", { class: "wrong" }, error.message));
    }
  });

  function place({ room_id: room, is_owner: owns, is_admin: runs, seats }) {
    const roles = [owns && "owner", runs && "administrator", seats.length > 0 && `on seat ${seats.join(", ")}`].filter(Boolean);
    return make(
      "li",
      {},
      make("button", { type: "button", class: "link", click: () => actions.open(room) }, named(room)),
      roles.length > 0 && make("span", { class: "muted" }, ` ${roles.join(", ")}`),
    );
  }
}
