// The live parts: the server sends fragments of the page, this puts them in their places.
"use strict";

const places = () => new Map([...document.querySelectorAll("[data-part]")].map((each) => [each.dataset.part, each]));

function put(place, html) {
  // Somebody who is in the middle of something there is not disturbed.
  if (place.contains(document.activeElement) && document.activeElement.matches("input, select, textarea, button")) return;
  const open = new Set([...place.querySelectorAll("details[open] > summary")].map((each) => each.textContent));
  place.innerHTML = html;
  for (const each of place.querySelectorAll("details > summary")) if (open.has(each.textContent)) each.parentElement.open = true;
}

function listen(address) {
  const source = new EventSource(address);
  source.onmessage = (message) => {
    const known = places();
    for (const [name, html] of Object.entries(JSON.parse(message.data))) {
      const place = known.get(name);
      if (place) put(place, html);
    }
    document.body.classList.remove("stale");
  };
  source.onerror = () => document.body.classList.add("stale");
  addEventListener("pagehide", () => source.close());
}

for (const each of document.querySelectorAll("[data-live]")) listen(each.dataset.live);

// "/" goes to the search, as in many places.
addEventListener("keydown", (event) => {
  const busy = event.target instanceof Element && event.target.matches("input, select, textarea");
  if (event.key === "/" && !busy && !event.ctrlKey && !event.metaKey && !event.altKey) {
    const find = document.getElementById("find");
    if (find) {
      event.preventDefault();
      find.focus();
    }
  }
});
