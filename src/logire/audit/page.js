(() => {
  const data = JSON.parse($("data").textContent);
  const { suggestions, documents } = data;
  const KEY = `logire-audit-${data.digest}`;
  const WORDS = { accept: "accepted", reject: "rejected" };
  const MARKS = { accept: "✓ accepted", reject: "✗ rejected" };
  const ACTS = {
    missing: { accept: "Accept: add the fact", reject: "Reject: leave it out" },
    doubtful: { accept: "Accept: remove the label", reject: "Reject: keep the label" },
  };
  const SOURCES = { constraint: "a rule that nearly always holds", labels: "a mined rule; the document's labels hold its body" };
  const state = { at: 0, decisions: new Map(), history: [], whole: false, kept: true, exported: true };

  const name = (s, number) => s.entities.find((entity) => entity[0] === number)[1];
  const fact = (s) => `${name(s, s.head)} — ${s.shown} → ${name(s, s.tail)}`;
  const title = (s) => documents[s.document].title;
  const id = (d) => JSON.stringify([d.kind, d.title, d.head, d.relation, d.tail]);
  const places = new Map(suggestions.map((s, index) => [id({ ...s, title: title(s) }), index]));

  function visible() {
    const [kind, wanted] = [$("kind").value, $("state").value];
    return suggestions.map((_, index) => index).filter((index) => {
      const decision = state.decisions.get(index);
      return (kind === "" || suggestions[index].kind === kind) &&
        (wanted === "" || (wanted === "left" ? decision === undefined : decision === wanted));
    });
  }

  // What the browser keeps. Each change is written at once, on top of what another tab has written meanwhile.
  function stored() {
    const text = localStorage.getItem(KEY);
    if (text === null) return new Map();
    try {
      const found = JSON.parse(text).decisions;
      return new Map(Object.entries(found).map(([index, decision]) => [Number(index), decision])
        .filter(([index, decision]) => suggestions[index] && WORDS[decision]));
    } catch {
      localStorage.setItem(`${KEY}-damaged`, text);
      $("notice").textContent = "What this browser kept cannot be read. Import a file that you exported, if there is one.";
      return new Map();
    }
  }

  function keep(changes) {
    try {
      if (state.kept) state.decisions = stored();
      put(changes);
      localStorage.setItem(KEY, JSON.stringify({ decisions: Object.fromEntries(state.decisions), at: state.at }));
      state.kept = true;
    } catch {
      put(changes);
      state.kept = false;
      $("notice").textContent = "This browser keeps no decisions (its storage is full or closed): export them before you leave.";
    }
    state.exported = false;
  }

  function put(changes) {
    for (const [index, decision] of changes) {
      if (decision === undefined) state.decisions.delete(index);
      else state.decisions.set(index, decision);
    }
  }

  function restore() {
    try {
      state.decisions = stored();
      const at = JSON.parse(localStorage.getItem(KEY) ?? "{}").at;
      if (suggestions[at]) state.at = at;
    } catch {
      state.kept = false;
    }
  }

  function change(changes, said) {
    const before = changes.map(([index]) => [index, state.decisions.get(index)]);
    state.history.push({ at: state.at, before });
    keep(changes);
    say(said);
  }

  function decide(decision) {
    const s = suggestions[state.at];
    if (!s) return;
    const shown = visible();
    change([[state.at, decision]], `${WORDS[decision]}: ${fact(s)}.`);
    const left = shown.filter((index) => !state.decisions.has(index));
    const next = left.find((index) => index > state.at) ?? left[0];
    const old = state.at;
    if (next !== undefined) state.at = next;
    remember();
    refresh([old]);
    toTop();
  }

  function undo() {
    const last = state.history.pop();
    const changes = last ? last.before : state.decisions.has(state.at) ? [[state.at, undefined]] : [];
    if (last) state.at = last.at;
    if (changes.length) keep(changes);
    say(changes.length ? "Undone." : "Nothing to undo.");
    refresh(changes.map(([index]) => index));
    toTop();
  }

  function move(step) {
    const shown = visible();
    const next = step > 0 ? shown.find((index) => index > state.at) : shown.findLast((index) => index < state.at);
    if (next === undefined) return say(step > 0 ? "This is the last one." : "This is the first one.");
    open(next);
  }

  function open(index) {
    const old = state.at;
    state.at = index;
    remember();
    say(`${index + 1} of ${suggestions.length}: ${fact(suggestions[index])}`);
    refresh([old]);
    toTop();
  }

  function toTop() {
    document.querySelector("main").scrollTop = 0;
    if ($("question").getBoundingClientRect().top < 0) $("question").scrollIntoView();
  }

  // Where one was is a convenience: a failure loses nothing.
  function remember() {
    if (!state.kept) return;
    try {
      localStorage.setItem(KEY, JSON.stringify({ decisions: Object.fromEntries(stored()), at: state.at }));
    } catch { /* keep() says so */ }
  }

  function say(text) {
    $("said").textContent = text;
  }

  function refresh(changed = []) {
    const [shown, listed] = [visible(), [...$("list").children].map((item) => Number(item.dataset.index))];
    const focused = $("list").contains(document.activeElement);
    const same = shown.length === listed.length && shown.every((index, i) => index === listed[i]);
    if (same) for (const index of new Set([...changed, state.at])) item(index)?.replaceWith(listItem(index));
    else $("list").replaceChildren(...shown.map(listItem));
    reveal(item(state.at));
    if (focused) item(state.at)?.querySelector("button").focus({ preventScroll: true });
    $("found").textContent = `${shown.length} of ${suggestions.length} suggestions`;
    const done = state.decisions.size;
    const of = (decision) => [...state.decisions.values()].filter((found) => found === decision).length;
    $("counts").textContent = `${done} done (${of("accept")} accepted, ${of("reject")} rejected), ${suggestions.length - done} left`;
    $("bar").max = Math.max(suggestions.length, 1);
    $("bar").value = done;
    showSuggestion();
  }

  // Only the list scrolls: on a narrow screen the suggestion stays in view.
  function reveal(listed) {
    if (!listed) return;
    for (const box of [$("list"), document.querySelector("nav")]) {
      if (!/auto/.test(getComputedStyle(box).overflowY)) continue;
      const [inner, outer] = [listed.getBoundingClientRect(), box.getBoundingClientRect()];
      if (inner.top < outer.top) box.scrollTop += inner.top - outer.top;
      else if (inner.bottom > outer.bottom) box.scrollTop += inner.bottom - outer.bottom;
    }
  }

  const item = (index) => $("list").querySelector(`[data-index="${index}"]`);

  function listItem(index) {
    const s = suggestions[index];
    const decision = state.decisions.get(index);
    return element("li", { "data-index": index }, element("button",
      { type: "button", "aria-current": index === state.at ? "true" : null, onclick: () => open(index) },
      fact(s), element("small", {},
        decision ? element("b", { class: decision }, `${MARKS[decision]} · `) : "", `${s.kind} · ${signed(s.margin)} · ${title(s)}`)));
  }

  function showSuggestion() {
    const s = suggestions[state.at];
    for (const button of ["accept", "reject", "whole"]) $(button).disabled = !s;
    if (!s) {
      $("fact").textContent = "There is nothing to look at.";
      return;
    }
    const decision = state.decisions.get(state.at);
    $("question").textContent = s.kind === "missing" ? "The labels lack this fact. Does the document say it?"
      : "The labels have this fact, the model does not find it. Is the label wrong?";
    $("fact").textContent = fact(s);
    for (const button of ["accept", "reject"]) {
      $(button).replaceChildren(`${ACTS[s.kind][button]} `, element("kbd", {}, button[0]));
      $(button).setAttribute("aria-pressed", String(decision === button));
    }
    const [head, tail] = s.entities;
    $("about").textContent = `${state.at + 1} of ${suggestions.length} · ${title(s)} · head: ${head[1]} (${head[2]}), tail: ${tail[1]} (${tail[2]})`;
    showText(s);
    $("score").textContent = `Score above the threshold: ${signed(s.margin)} (probability ${s.probability.toFixed(3)}). ` +
      `The backbone alone gave the logit ${number(s.backbone)}. Parts of the last round: its own logit there ${signed(s.own)}, ` +
      `the relation ${signed(s.bias)}, the context ${signed(s.context)}, and the rules below.`;
    $("reasons").replaceChildren(...(s.reasons.length ? s.reasons.map((r) => reason(s, r)) : [element("li", {}, "No rule speaks.")]));
  }

  function reason(s, r) {
    return element("li", { class: r.contribution > 0 ? "speaks-for" : "against" },
      element("span", { class: "rule" }, `${signed(r.contribution)} ${r.contribution > 0 ? "for" : "against"}: ${r.rule}`),
      element("small", {}, SOURCES[r.kind] ?? KINDS[r.kind] ?? r.kind),
      ...r.path.map(([from, atom, score, to]) => element("span", { class: "step" },
        `${name(s, from)} — ${atom} (${score.toFixed(3)}) → ${name(s, to)}`)));
  }

  function showText(s) {
    const { sentences } = documents[s.document];
    const pieces = state.whole ? sentences.map((tokens, number) => [number, 0, tokens.length]) : s.pieces;
    $("whole").setAttribute("aria-pressed", String(state.whole));
    $("text").replaceChildren(...pieces.map(([sentence, from, to], place) => {
      const tokens = sentences[sentence];
      const mentions = s.entities.flatMap(([, , , spans], place) => spans.filter(([number]) => number === sentence)
        .map(([, start, end]) => ({ place, start, end })));
      const first = sentences.length > 1 && pieces[place - 1]?.[0] !== sentence;
      return element("p", {}, first ? element("span", { class: "number" }, `Sentence ${sentence + 1}`) : "", from > 0 ? "… " : "",
        ...cutAtMentions(tokens, mentions, (around, parts) => mark(s, around, parts), from, to), to < tokens.length ? " …" : "");
    }));
  }

  // The head and the tail go before what else a mention belongs to.
  function mark(s, around, parts) {
    const place = Math.min(...around.map((m) => m.place));
    const [, called, type] = s.entities[place];
    const role = ["head", "tail"][place] ?? "via";
    return element("mark", { class: place < 2 ? `end t${place}` : "t4", title: `${called}: ${type}` },
      ...parts, element("span", { class: "role" }, ` ${role}`));
  }

  function decided() {
    return [...state.decisions].sort(([a], [b]) => a - b).map(([index, decision]) => {
      const s = suggestions[index];
      return { kind: s.kind, title: title(s), head: s.head, relation: s.relation, tail: s.tail, decision };
    });
  }

  function save() {
    const file = { format: data.format, suggestions: data.digest, decisions: decided() };
    const link = element("a", {
      href: URL.createObjectURL(new Blob([`${JSON.stringify(file, null, 1)}\n`], { type: "application/json" })),
      download: `decisions-${data.digest.slice(0, 8)}.json`,
    });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    state.exported = true;
    say(`${file.decisions.length} decisions exported.`);
  }

  async function load(file) {
    try {
      const found = JSON.parse(await file.text());
      if (found.format !== data.format) throw new Error("is not a file of decisions");
      if (found.suggestions !== data.digest) throw new Error("is about other suggestions");
      const changes = found.decisions.map((d) => [places.get(id(d)), d.decision]);
      if (changes.some(([index, decision]) => index === undefined || !WORDS[decision])) throw new Error("holds a decision on what is not suggested here");
      $("notice").textContent = "";
      change(changes, `${changes.length} decisions imported.`);
      refresh(changes.map(([index]) => index));
    } catch (error) {
      $("notice").textContent = `${file.name} ${error instanceof SyntaxError ? "is not JSON" : error.message}: nothing was imported.`;
    }
  }

  function toggleText() {
    state.whole = !state.whole;
    showSuggestion();
    $("text").querySelector("mark.end")?.scrollIntoView({ block: "nearest" });
  }

  function toggleHelp() {
    if ($("keys").open) $("keys").close();
    else $("keys").showModal();
  }

  const ACTIONS = {
    a: () => decide("accept"), r: () => decide("reject"), u: undo, j: () => move(1), k: () => move(-1),
    w: toggleText, e: save, "?": toggleHelp,
  };
  document.addEventListener("keydown", (event) => {
    const action = ACTIONS[event.key.toLowerCase()];
    if (!action || event.ctrlKey || event.metaKey || event.altKey || event.target.matches?.("select")) return;
    if ($("keys").open && event.key !== "?") return;
    event.preventDefault();
    action();
  });
  const BUTTONS = {
    accept: "a", reject: "r", undo: "u", next: "j", previous: "k", whole: "w", export: "e", help: "?", close: "?",
  };
  for (const [button, key] of Object.entries(BUTTONS)) $(button).addEventListener("click", () => ACTIONS[key]());
  $("import").addEventListener("click", () => $("file").click());
  $("file").addEventListener("change", () => {
    const [file] = $("file").files;
    if (file) load(file).then(() => { $("file").value = ""; });
  });
  for (const filter of ["kind", "state"]) $(filter).addEventListener("change", () => {
    const shown = visible();
    if (shown.length && !shown.includes(state.at)) state.at = shown[0];
    refresh();
  });
  $("skip").addEventListener("click", (event) => {
    event.preventDefault();
    $("fact").focus();
  });
  addEventListener("storage", (event) => {
    if (event.key !== KEY) return;
    state.decisions = stored();
    $("list").replaceChildren();
    refresh();
  });
  addEventListener("beforeunload", (event) => {
    if (!state.kept && !state.exported) event.preventDefault();
  });
  restore();
  refresh();
})();
