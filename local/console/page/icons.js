// Small pictures, drawn by hand on a grid of 16.

const PATHS = {
  mic: "M8 1.5a2 2 0 0 1 2 2v4a2 2 0 0 1-4 0v-4a2 2 0 0 1 2-2M4 7.5a4 4 0 0 0 8 0M8 11.5v3",
  camera: "M2.5 4.5h7v7h-7zM9.5 7l4-2v6l-4-2",
  lock: "M4 7.5h8v6H4zM5.5 7.5v-2a2.5 2.5 0 0 1 5 0v2",
  off: "M2 2l12 12",
};

/** A picture; `off` strikes it through. What it means is said in words beside it. */
export function icon(name, off = false) {
  const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  picture.setAttribute("viewBox", "0 0 16 16");
  picture.setAttribute("aria-hidden", "true");
  picture.classList.add("icon");
  for (const path of [PATHS[name], off && PATHS.off]) {
    if (!path) continue;
    const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
    line.setAttribute("d", path);
    picture.append(line);
  }
  return picture;
}
