(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const stillness = matchMedia("(prefers-reduced-motion: reduce)");
  const BADGES = { added: "+ added", removed: "− removed", same: "= same" };
  const FILTERS = ["relation", "change", "verdict"];
  const page = document.title;
  const state = { doc: 0, prediction: null, reason: 0 };

  const tag = (type) => data.types[type].slice(0, 3).toLowerCase();
  const entityName = (doc, index) => doc.entities[index].name;
  const factName = (p) => `${p.head}-${data.names[p.relation]}-${p.tail}`;

  function matches(prediction) {
    const [relation, change, verdict] = FILTERS.map((id) => $(id).value);
    return (relation === "" || prediction.relation === Number(relation)) &&
      (change === "" || prediction.change === change) &&
      (verdict === "" || String(prediction.right) === verdict);
  }

  function showDocuments() {
    const wanted = $("find").value.trim().toLowerCase();
    const found = data.documents.map((doc, index) => ({ doc, index })).filter(({ doc }) =>
      [doc.title, ...doc.entities.map((entity) => entity.name)].some((name) => name.toLowerCase().includes(wanted)));
    $("found").textContent = `${found.length} of ${data.documents.length} documents`;
    $("documents").replaceChildren(...found.map(({ doc, index }) => {
      const count = doc.predictions.filter(matches).length;
      const [added, removed] = ["added", "removed"].map((change) => doc.predictions.filter((p) => p.change === change).length);
      return element("li", {}, element("button",
        { type: "button", tabindex: "-1", "aria-current": index === state.doc ? "true" : null, onclick: () => openDocument(index) },
        doc.title, element("small", {}, `${count} listed (${added} added, ${removed} removed)`)));
    }));
    ($("documents").querySelector("[aria-current]") ?? $("documents").querySelector("button"))?.setAttribute("tabindex", "0");
  }

  function openDocument(index) {
    const focused = $("documents").contains(document.activeElement);
    show(index, null);
    location.hash = address();
    if (focused) $("documents").querySelector("[aria-current]")?.focus({ preventScroll: true });
  }

  function show(doc, prediction) {
    Object.assign(state, { doc, prediction, reason: 0 });
    $("notice").textContent = "";
    document.title = `${data.documents[doc].title}, ${page}`;
    showDocuments();
    showText();
    document.querySelector("main").scrollTop = 0;
    showPredictions();
  }

  // The address says what is shown: #document=TITLE&fact=HEAD-RELATION-TAIL, entities by their number.
  function address() {
    const doc = data.documents[state.doc];
    const link = new URLSearchParams({ document: doc.title });
    if (state.prediction !== null) link.set("fact", factName(doc.predictions[state.prediction]));
    return `#${link}`;
  }

  function followAddress() {
    if (location.hash === address()) return;
    const link = new URLSearchParams(location.hash.slice(1));
    const [title, fact] = [link.get("document"), link.get("fact")];
    const named = data.documents.findIndex((doc) => doc.title === title);
    const doc = Math.max(named, 0);
    const predictions = data.documents[doc].predictions;
    const prediction = named < 0 || fact === null ? -1 : predictions.findIndex((p) => factName(p) === fact);
    if (prediction >= 0 && !matches(predictions[prediction])) for (const id of FILTERS) $(id).value = "";
    show(doc, prediction < 0 ? null : prediction);
    if (title === null && location.hash.length > 1) $("notice").textContent = "This link names no document.";
    else if (title !== null && named < 0) $("notice").textContent = `This link names the document “${title}”, which is not on this page.`;
    else if (fact !== null && prediction < 0) {
      $("notice").textContent = `This link names the fact “${fact}”, which neither ${data.method} nor its backbone predicts here.`;
    }
    $("documents").querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
    const chosen = $("predictions").querySelector(".chosen");
    chosen?.scrollIntoView({ block: "start" });
    chosen?.querySelector("button").focus({ preventScroll: true });
  }

  function showText() {
    const doc = data.documents[state.doc];
    $("title").textContent = doc.title;
    $("entity").textContent = "";
    const used = [...new Set(doc.entities.map((entity) => entity.type))].sort((a, b) => a - b);
    $("legend").replaceChildren("Entity types: ", ...used.map((type) =>
      element("span", {}, element("b", { class: `t${type % 10}` }, tag(type)), ` ${data.types[type]}`)));
    const mentions = doc.sentences.map(() => []);
    doc.entities.forEach((entity, index) => entity.mentions.forEach(([sentence, start, end]) =>
      mentions[sentence].push({ index, start, end })));
    $("text").replaceChildren(...doc.sentences.map((tokens, i) => 
      element("p", {}, ...cutAtMentions(tokens, mentions[i], (around, parts) => mention(doc, around, parts)))));
    $("text").querySelector("mark")?.setAttribute("tabindex", "0");
  }

  function mention(doc, around, parts) {
    const { type } = doc.entities[around[0].index];
    const made = element("mark", {
      class: `t${type % 10}`, tabindex: "-1", "data-tag": tag(type), "aria-describedby": "entity",
      "data-entities": around.map((m) => m.index).join(" "), title: around.map((m) => describe(doc, m.index)).join("; "),
    }, ...parts);
    made.addEventListener("focus", () => nameEntity(made));
    made.addEventListener("mouseenter", () => nameEntity(made));
    for (const end of ["blur", "mouseleave"]) made.addEventListener(end, () => outline(null));
    return made;
  }

  function describe(doc, index) {
    const { name, type, mentions } = doc.entities[index];
    return `${name}: ${data.types[type]}, ${mentions.length} ${mentions.length === 1 ? "mention" : "mentions"}`;
  }

  const entitiesOf = (mark) => mark.dataset.entities.split(" ").map(Number);

  function nameEntity(mark) {
    $("entity").textContent = entitiesOf(mark).map((index) => describe(data.documents[state.doc], index)).join("; ");
    outline(entitiesOf(mark)[0]);
  }

  function outline(entity) {
    for (const mark of $("text").querySelectorAll("mark")) {
      mark.classList.toggle("of-entity", entitiesOf(mark).includes(entity));
    }
  }

  // The text and the list of documents are one tab stop each; arrow keys, Home and End move inside them.
  for (const [id, selector] of [["text", "mark"], ["documents", "button"]]) $(id).addEventListener("keydown", (event) => {
    const stops = [...$(id).querySelectorAll(selector)];
    const at = stops.indexOf(document.activeElement);
    const to = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: stops.length - 1 }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    if (!stops[to]) return;
    stops[at].tabIndex = -1;
    stops[to].tabIndex = 0;
    stops[to].focus();
  });

  function showPredictions() {
    const doc = data.documents[state.doc];
    const listed = doc.predictions.map((p, index) => ({ p, index })).filter(({ p }) => matches(p));
    $("count").textContent = `${listed.length} of ${doc.predictions.length} predictions in this document`;
    $("predictions").replaceChildren(...listed.map(({ p, index }) => {
      const chosen = index === state.prediction;
      const item = element("li", { class: chosen ? "chosen" : null }, element("button",
        { type: "button", "data-index": index, "aria-expanded": String(chosen), onclick: () => choose(chosen ? null : index, 0) },
        `${entityName(doc, p.head)} — ${data.relations[p.relation]} → ${entityName(doc, p.tail)}`,
        element("small", {}, element("span", { class: `badge ${p.change}` }, BADGES[p.change]), verdict(p))));
      if (chosen) item.append(why(doc, p));
      return item;
    }));
    highlight();
  }

  function verdict(p) {
    if (p.right === null) return element("span", { class: "badge" }, "? no labels");
    return element("span", { class: `badge ${p.right ? "right" : "wrong"}` }, p.right ? "✓ right" : "✗ wrong");
  }

  function why(doc, p) {
    if (p.reasons.length === 0) {
      const score = p.score === null ? "" : ` (its score: ${number(p.score)})`;
      const who = p.change === "removed" ? `Predicted by the backbone alone${score}; ${data.method} explains only what it predicts.`
        : "No rule spoke for it.";
      return element("div", { class: "why" }, element("p", {}, who));
    }
    const residual = p.residual ? `, the backbone's own part ${number(p.residual)}` : "";
    const features = Object.entries(p.context ?? {}).sort(([, a], [, b]) => Math.abs(b) - Math.abs(a));
    const largest = features.slice(0, 3).map(([name, added]) => `${name.replaceAll("_", " ")} ${signed(added)}`).join(", ");
    const context = features.length ? `, the document's context ${number(features.reduce((sum, [, added]) => sum + added, 0))} (${largest})` : "";
    return element("div", { class: "why" },
      element("p", {}, `Score ${number(p.score)} (bias ${number(p.bias)}${residual}${context} and the rules' parts), threshold ${number(p.threshold)}; ` +
        `the backbone's probability ${p.backbone.toFixed(3)}. Rules, the largest part of the score first:`),
      element("ul", { class: "reasons" }, ...p.reasons.map((reason, place) => element("li", {}, element("button",
        { type: "button", "data-reason": place, "aria-pressed": String(place === state.reason), onclick: () => choose(state.prediction, place) },
        element("span", { class: "rule" }, `${signed(reason.contribution)}: ${reason.rule}`),
        element("small", {}, reason.kind === "constraint"
          ? `constraint: the score moved toward the weakest atom, ${reason.phi.toFixed(3)}, by ${reason.weight}`
          : `${KINDS[reason.kind] ?? reason.kind}: weight ${signed(reason.weight)} × path ${reason.phi.toFixed(3)}`),
        ...reason.path.map(([from, atom, score, to]) => element("span", { class: "step" },
          `${entityName(doc, from)} — ${atom} (${score.toFixed(3)}) → ${entityName(doc, to)}`)))))));
  }

  function choose(prediction, reason) {
    const pressed = document.activeElement?.dataset;
    const again = pressed && (pressed.reason !== undefined ? `[data-reason="${reason}"]` : `[data-index="${pressed.index}"]`);
    Object.assign(state, { prediction, reason });
    $("notice").textContent = "";
    showPredictions();
    location.hash = address();
    if (again) $("predictions").querySelector(again)?.focus({ preventScroll: true });
  }

  function highlight() {
    const doc = data.documents[state.doc];
    const p = doc.predictions[state.prediction];
    const steps = p?.reasons[state.reason]?.path;
    const path = !p ? [] : steps ? [steps[0][0], ...steps.map((step) => step[3])] : [p.head, p.tail];
    const entities = [...new Set(path)];
    for (const mark of $("text").querySelectorAll("mark")) {
      mark.querySelector(".number")?.remove();
      const place = entities.findIndex((entity) => entitiesOf(mark).includes(entity));
      mark.classList.toggle("on-path", place >= 0);
      if (place >= 0) mark.prepend(element("span", { class: "number" }, String(place + 1)));
    }
    if (!p) return;
    $("entity").textContent = `Marked: ${entities.map((entity, i) => `${i + 1} ${entityName(doc, entity)}`).join(", ")}`;
    const first = $("text").querySelector("mark.on-path");
    if (first) scrollTo(first);
  }

  // Only the text scrolls: the list that was clicked in stays where it is.
  function scrollTo(mark) {
    const view = document.querySelector("main");
    const offset = mark.getBoundingClientRect().top - view.getBoundingClientRect().top - view.clientHeight / 2;
    view.scrollBy({ top: offset, behavior: stillness.matches ? "auto" : "smooth" });
  }

  function refilter() {
    const p = data.documents[state.doc].predictions[state.prediction];
    if (p && !matches(p)) state.prediction = null;
    showDocuments();
    showPredictions();
    if (p) location.hash = address();
  }

  const all = data.documents.flatMap((doc) => doc.predictions);
  const used = [...new Set(all.map((p) => p.relation))].sort((a, b) => (data.relations[a] < data.relations[b] ? -1 : 1));
  $("relation").append(...used.map((index) => element("option", { value: index }, data.relations[index])));
  $("verdict").disabled = !data.labelled;
  $("totals").textContent = `(${data.documents.length} documents, ${all.length} predictions: ` +
    ["added", "removed", "same"].map((change) => `${all.filter((p) => p.change === change).length} ${change}`).join(", ") + ").";
  $("find").addEventListener("input", showDocuments);
  for (const id of FILTERS) $(id).addEventListener("change", refilter);
  $("skip").addEventListener("click", (event) => {
    event.preventDefault(); // the address stays what it is
    $("predictions-title").focus();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select")) return;
    event.preventDefault();
    $("find").select();
  });
  addEventListener("hashchange", followAddress);
  history.scrollRestoration = "manual"; // what the address names is scrolled to
  followAddress();
})();
