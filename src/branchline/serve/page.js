"use strict";
// Every text is data: it is set as text, never as markup, an address or a style.

const at = (id) => document.getElementById(id);
const chosen = { run: "", task: "" };
const shown = new Map();
let busy = false;
let again = false;

function make(tag, text, kind) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

async function call(path, body) {
  const how = body === undefined ? {} : {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  };
  const answer = await fetch(path, how);
  return answer.json();
}

async function wish(verb, data) {
  try {
    const answer = await call("/api/" + verb, data);
    at("said").textContent = answer.ok ? answer.text : verb + ": " + answer.error;
  } catch (error) {
    at("said").textContent = verb + ": the server does not answer";
  }
  refresh();
}

function button(label, act) {
  const made = make("button", label);
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}

function money(spent, budget) {
  const words = (each) => [
    each.usd ? "$" + each.usd.toFixed(2) : "",
    each.tokens ? each.tokens.toLocaleString("en") + " tokens" : "",
  ].filter(Boolean).join(", ");
  return (words(spent) || "no cost recorded") + (budget ? " of a budget of " + words(budget) : "");
}

function showRuns(runs, status) {
  const known = runs.some((each) => each.run === status.run) ? runs : [status, ...runs];
  at("runs").replaceChildren(...known.map((each) => {
    const option = make("option", each.run + "  " + each.plan + "  " + each.state);
    option.value = each.run;
    option.selected = each.run === status.run;
    return option;
  }));
}

function showHead(status) {
  const tasks = status.tasks.filter((each) => each.kind !== "composite");
  const done = tasks.filter((each) => each.state === "done").length;
  at("head").textContent = [
    status.state + (status.reason ? ": " + status.reason : ""),
    status.left_out ? "" : done + " of " + tasks.length + " done",
    "slots " + status.slots.used + " of " + status.slots.total,
    money(status.spent, status.budget),
    status.coordinator ? "" : "no coordinator is at work",
  ].filter(Boolean).join("; ");
}

function questionOf(each) {
  const own = { task: each.task, run: each.run };
  const box = make("div", undefined, "question");
  box.append(make("p", each.task + "  " + each.kind + (each.waits.length ? "  (waits: " + each.waits.join(", ") + ")" : "")));
  box.append(make("p", each.text));
  const judged = ["approval", "unchecked", "frozen_check", "injection"].includes(each.kind);
  if (judged) {
    box.append(button(each.kind === "approval" ? "approve" : "accept", () => wish("accept", own)));
  } else {
    each.options.forEach((option, number) => {
      box.append(button(option, () => wish("answer", { ...own, option: number + 1 })));
    });
    const text = make("input");
    text.dataset.key = "answer " + each.run + " " + each.task;
    text.setAttribute("aria-label", "answer to " + each.task);
    text.placeholder = each.default || "your answer";
    box.append(text, button("answer", () => wish("answer", { ...own, text: text.value })));
  }
  box.append(
    button("retry", () => wish("retry", own)),
    button("skip", () => sure("skip " + each.task) && wish("skip", own)),
  );
  return box;
}

function showInbox(questions) {
  const kept = new Map();
  let focused = "";
  for (const each of at("inbox").querySelectorAll("input")) {
    kept.set(each.dataset.key, each.value);
    if (each === document.activeElement) focused = each.dataset.key;
  }
  const title = make("h2", questions.length ? "Inbox" : "The inbox is empty");
  at("inbox").replaceChildren(title, ...questions.map(questionOf));
  for (const each of at("inbox").querySelectorAll("input")) {
    each.value = kept.get(each.dataset.key) || "";
    if (each.dataset.key === focused) each.focus();
  }
}

function showTree(status) {
  const depth = new Map();
  const rows = status.tasks.map((each) => {
    depth.set(each.id, depth.has(each.parent) ? depth.get(each.parent) + 1 : 0);
    const row = make("tr");
    row.tabIndex = 0;
    row.dataset.task = each.id;
    const state = make("td", each.state + (each.attempt > 1 ? " (attempt " + each.attempt + ")" : ""), each.state);
    const reason = each.state === "done" ? each.evidence : each.reason;
    row.append(
      make("td", each.id + " " + each.title, "title d" + Math.min(depth.get(each.id), 4)), state, make("td", reason, "dim"),
    );
    return row;
  });
  const table = make("table");
  const body = make("tbody");
  body.append(...rows);
  table.append(body);
  const more = make("p", status.left_out ? status.left_out + " more tasks: branchline status shows them all" : "", "dim");
  const focused = document.activeElement && document.activeElement.dataset ? document.activeElement.dataset.task : "";
  at("tree").replaceChildren(make("h2", "Tasks"), table, more);
  const row = rows.find((each) => focused && each.dataset.task === focused);
  if (row) row.focus();
}

const PARTS = ["why", "evidence", "prompt", "log"];

function openTask() {
  const own = () => ({ task: chosen.task, run: chosen.run });
  const note = make("input");
  note.placeholder = "words for its worker";
  note.setAttribute("aria-label", note.placeholder);
  at("task").replaceChildren(
    make("h2", "Task " + chosen.task),
    note,
    button("retry", () => wish("retry", { ...own(), note: note.value })),
    button("accept", () => wish("accept", own())),
    button("skip", () => sure("skip " + chosen.task) && wish("skip", own())),
    button("cancel", () => sure("cancel " + chosen.task) && wish("cancel", own())),
    button("close", () => choose("")),
    ...PARTS.flatMap((name) => {
      const text = make("pre");
      text.id = "part-" + name;
      return [make("h2", name), text];
    }),
  );
}

function showTask(found) {
  for (const name of PARTS) {
    const part = at("part-" + name);
    const text = found[name] || "nothing yet";
    if (part.textContent === text) continue; // what somebody reads or marks stays where it is
    const isAtEnd = part.scrollTop + part.clientHeight >= part.scrollHeight - 4;
    part.textContent = text;
    if (name === "log" && isAtEnd) part.scrollTop = part.scrollHeight;
  }
}

function sure(what) {
  return window.confirm(what + "?");
}

function choose(task) {
  chosen.task = task;
  at("task").hidden = !task;
  at("task").replaceChildren();
  if (!task) return;
  openTask();
  at("task").scrollIntoView();
  refresh();
}

function isNew(name, value) {
  const text = JSON.stringify(value);
  if (shown.get(name) === text) return false;
  shown.set(name, text);
  return true;
}

async function refresh() {
  if (busy) {
    again = true;
    return;
  }
  busy = true;
  try {
    const found = await call("/api/state?" + new URLSearchParams({ run: chosen.run }));
    if (!found.ok) throw new Error(found.error);
    if (found.status) {
      if (isNew("runs", [found.runs, found.status.run])) showRuns(found.runs, found.status);
      if (isNew("inbox", found.inbox)) showInbox(found.inbox);
      if (isNew("tree", found.status.tasks)) showTree(found.status);
      showHead(found.status);
    } else {
      at("head").textContent = "no run here yet; start with: branchline execute PLAN";
    }
    if (chosen.task) {
      const task = await call("/api/task?" + new URLSearchParams({ run: chosen.run, task: chosen.task }));
      if (task.ok && task.task === chosen.task) showTask(task);
      else if (!task.ok) at("said").textContent = task.error;
    }
  } catch (error) {
    at("head").textContent = error instanceof TypeError ? "the server does not answer" : error.message;
  }
  busy = false;
  if (again) {
    again = false;
    setTimeout(refresh, 200);
  }
}

at("runs").addEventListener("change", (event) => {
  chosen.run = event.target.value;
  choose("");
  refresh();
});
at("cancel").addEventListener("click", () => {
  const run = at("runs").value;
  if (run && sure("cancel all of run " + run)) wish("cancel", { run, all: true });
});
for (const kind of ["click", "keydown"]) {
  at("tree").addEventListener(kind, (event) => {
    const row = event.target.closest("tr");
    if (row && (kind === "click" || event.key === "Enter")) choose(row.dataset.task);
  });
}
const stream = new EventSource("/api/events");
stream.addEventListener("message", refresh);
stream.addEventListener("open", () => { at("live").textContent = "live"; });
stream.addEventListener("error", () => { at("live").textContent = "not live: the server is gone, or full"; });
setInterval(() => { if (!document.hidden && !busy) refresh(); }, 5000);
refresh();
