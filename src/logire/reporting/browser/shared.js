"use strict";
// What the pages that show documents share. Each page's own script follows.
const $ = (id) => document.getElementById(id);
const KINDS = { identity: "the relation itself", pair: "the same two entities", chain: "chain", open: "open rule" };
const CLOSING = /^(?:[.,;:!?%)\]}”]|['’]s|n['’]t)$/;
const number = (value) => value.toFixed(2).replace(/^-(?=[0.]+$)/, "").replace("-", "−"); // never -0.00
const signed = (value) => (number(value).startsWith("−") ? "" : "+") + number(value);

// Text goes into the page as text nodes only: nothing in the data can become markup.
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "onclick") made.addEventListener("click", value);
    else if (value !== null) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

function words(tokens) {
  const parts = [];
  tokens.forEach((token, i) => {
    if (token.includes("\n")) parts.push(element("br"));
    else parts.push((i > 0 && !CLOSING.test(token) ? " " : "") + token);
  });
  return parts;
}

// The nodes of tokens [from, to) of a sentence. Mentions may nest or overlap: it is cut wherever one begins or ends.
// mark(around, parts) makes what stands for the words inside mentions, the shortest mention first.
function cutAtMentions(tokens, mentions, mark, from = 0, to = tokens.length) {
  const cuts = [...new Set([from, to, ...mentions.flatMap((m) => [m.start, m.end])])]
    .filter((cut) => from <= cut && cut <= to).sort((a, b) => a - b);
  const made = [];
  for (let i = 0; i + 1 < cuts.length; i++) {
    const [start, end] = [cuts[i], cuts[i + 1]];
    const around = mentions.filter((m) => m.start <= start && end <= m.end).sort((a, b) => a.end - a.start - b.end + b.start);
    if (start > from && !CLOSING.test(tokens[start])) made.push(" ");
    if (around.length === 0) made.push(...words(tokens.slice(start, end)));
    else made.push(mark(around, words(tokens.slice(start, end))));
  }
  return made;
}

