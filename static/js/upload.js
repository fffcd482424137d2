// The upload form: dropping files and folders, and progress while they travel. Without this file the plain form does the same
// upload with the browser's own progress. Every sentence comes translated from the form's data attributes.

import { Batches, ROOM, size } from "./batches.js";
import { ours, told as between } from "./between.js";
import { all, element } from "./elements.js";
import { publicId } from "./keeping.js";
import { UploadList } from "./uploadlist.js";

/** @import { Answer, Chosen as Sent } from "./batches.js" */
/** @typedef {{ file: File, name: string }} Chosen a file, and its name with its folders */

const MB = 1024 * 1024;
const form = element("upload-form", HTMLFormElement);
const zone = element("dropzone");
const box = element("upload-progress");
const bar = element("upload-bar", HTMLProgressElement);
const progress = element("upload-words");
const result = element("upload-result");

const list = new UploadList(element("upload-files"), (state) => told(`${state}State`));
/** Where parts go that others follow; a cohort's table, and archives that may hold it, come with the last one. */
const parts = form.dataset.parts ?? "";
const LAST = /\.(csv|zip)$/i;

/** @type {Batches<Chosen> | null} */
let sending = null;
/** @type {XMLHttpRequest | null} */
let request = null;
/** What tells the parts of one upload that they belong together. */
let upload = new URLSearchParams();
/** What was chosen. */
let chosen = { files: 0, octets: 0 };
/** Whether all of the batch that is on its way has left. */
let whole = false;

/**
 * A sentence or a limit that the form carries.
 * @param {string} name
 */
function told(name) {
  return form.dataset[name] ?? "";
}

/**
 * A sentence of the form's; {0}, {1} … are replaced by what follows.
 * @param {string} name
 * @param {...(string | number)} values
 */
function say(name, ...values) {
  return told(name).replace(/\{(\d)\}/g, (_, place) => String(values[Number(place)]));
}

/** @param {string} sentence */
function notice(sentence) {
  const line = document.createElement("p");
  line.className = "notice notice-bad";
  line.setAttribute("role", "alert");
  line.textContent = sentence;
  result.replaceChildren(line);
  line.scrollIntoView({ block: "nearest" });
}

/**
 * Why these files are not sent, or "".
 * @param {Chosen[]} files
 */
function refusal(files) {
  const total = files.reduce((sum, { file }) => sum + file.size, 0);
  const large = files.find(({ file }) => file.size > Number(told("maxFileMb")) * MB);
  if (files.length === 0) return told("none");
  if (files.length > Number(told("maxFiles"))) return say("tooMany", files.length, told("maxFiles"));
  if (total > Number(told("maxMb")) * MB) return say("tooLarge", Math.ceil(total / MB), told("maxMb"));
  if (large) return say("oneTooLarge", large.name, told("maxFileMb"));
  return "";
}

/** @param {boolean} on */
function busy(on) {
  box.hidden = !on;
  zone.inert = on;
  zone.toggleAttribute("data-busy", on);
  if (on) box.scrollIntoView({ block: "nearest" });
}

/** @param {Chosen[]} files */
async function send(files) {
  if (sending) return;
  const no = refusal(files);
  if (no) {
    notice(no);
    return;
  }
  result.replaceChildren();
  files.sort((one, other) => one.name.localeCompare(other.name, undefined, { numeric: true })); // a folder comes in any order
  const known = { file: list.tell.bind(list), begun, lost };
  const tabled = form.hasAttribute("data-tabled") ? files.filter(({ name }) => LAST.test(name)) : [];
  const ordered = [...files.filter((file) => !tabled.includes(file)), ...tabled];
  const mine = new Batches(ordered, post, known, ROOM, tabled.length);
  sending = mine;
  chosen = { files: files.length, octets: size(files) };
  upload = new URLSearchParams({ upload: publicId() });
  list.show(ordered);
  busy(true);
  bar.removeAttribute("value");
  progress.textContent = "";
  const answer = await mine.run();
  const { stopped, stored } = mine;
  ended();
  if (answer) done(answer);
  else if (!stopped) notice(between(413));
  else if (stored) notice(say("stoppedAt", stored, files.length));
  else notice(told(whole ? "stoppedLate" : "stopped"));
}

/** @param {readonly Sent[]} batch */
function begun(batch) {
  whole = false;
  list.travelled(batch, 0);
}

function lost() {
  progress.textContent = say("lost", sending?.stored ?? 0, chosen.files);
  bar.removeAttribute("value");
}

/**
 * @param {Chosen[]} batch
 * @param {boolean} more whether others follow
 * @returns {Promise<Answer>}
 */
function post(batch, more) {
  const data = new FormData();
  for (const { file, name } of batch) data.append("files", file, name);
  const before = sending?.octets ?? 0;
  request = new XMLHttpRequest();
  const mine = request;
  mine.upload.addEventListener("progress", (event) => {
    if (!event.lengthComputable) return;
    const loaded = before + (size(batch) * event.loaded) / event.total;
    bar.max = chosen.octets;
    bar.value = loaded;
    list.travelled(batch, loaded - before);
    progress.textContent = say("sending", chosen.files, (loaded / MB).toFixed(1), (chosen.octets / MB).toFixed(1));
  });
  mine.upload.addEventListener("load", () => {
    whole = true;
    if (more) return;
    bar.removeAttribute("value");
    progress.textContent = told("reading");
  });
  mine.open("POST", more ? `${joined(parts, upload)}&more=yes` : joined(form.action, upload));
  mine.setRequestHeader("HX-Request", "true");
  return new Promise((resolve) => {
    mine.addEventListener("loadend", () => {
      const redirect = mine.getResponseHeader("HX-Redirect");
      resolve({ status: mine.status, ours: ours(mine), body: mine.responseText, redirect });
    });
    mine.send(data);
  });
}

/** @param {Answer} answer */
function done({ status, ours: mine, body, redirect }) {
  if (redirect) {
    location.assign(redirect);
    return;
  }
  if (!mine) {
    notice(status ? between(status) : told("failed"));
    return;
  }
  const answer = new DOMParser().parseFromString(body, "text/html");
  result.replaceChildren(...answer.body.childNodes);
  result.scrollIntoView({ block: "nearest" });
}

function stop() {
  if (!sending) return;
  finish();
  sending.stop();
  request?.abort();
}

// Nothing more comes: what is there is read now, and not an hour later.
function finish() {
  if (sending?.stored) navigator.sendBeacon(joined(parts, upload), new FormData());
}

function ended() {
  sending = null;
  request = null;
  busy(false);
  form.reset();
}

/**
 * @param {string} to
 * @param {URLSearchParams} query
 */
function joined(to, query) {
  return `${to}${to.includes("?") ? "&" : "?"}${query}`;
}

/**
 * Every file in a dropped file or folder.
 * @param {FileSystemEntry} entry
 * @param {string} path
 * @returns {Promise<Chosen[]>}
 */
async function inside(entry, path) {
  const name = path ? `${path}/${entry.name}` : entry.name;
  if (entry.isFile) return [{ file: await opened(/** @type {FileSystemFileEntry} */ (entry)), name }];
  const found = [];
  for (const child of await listed(/** @type {FileSystemDirectoryEntry} */ (entry))) found.push(...(await inside(child, name)));
  return found;
}

/**
 * @param {FileSystemFileEntry} entry
 * @returns {Promise<File>}
 */
function opened(entry) {
  return new Promise((resolve, reject) => {
    entry.file(resolve, reject);
  });
}

/**
 * What is in a folder: entries are read in batches of a hundred until a batch is empty.
 * @param {FileSystemDirectoryEntry} folder
 */
async function listed(folder) {
  const reader = folder.createReader();
  /** @type {FileSystemEntry[]} */
  const found = [];
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const batch = await new Promise((resolve, reject) => {
      reader.readEntries(resolve, reject);
    });
    if (batch.length === 0) return found;
    found.push(...batch);
  }
}

/**
 * @param {DataTransfer} transfer
 * @returns {Promise<Chosen[]>}
 */
async function dropped(transfer) {
  const entries = [];
  for (const item of transfer.items) {
    const entry = item.webkitGetAsEntry?.();
    if (entry) entries.push(entry);
  }
  if (entries.length === 0) return [...transfer.files].map((file) => ({ file, name: file.name }));
  const lists = await Promise.all(entries.map((entry) => inside(entry, "")));
  return lists.flat();
}

form.addEventListener("submit", (event) => event.preventDefault());
for (const input of all(form, "input[type=file]", HTMLInputElement)) {
  input.classList.add("hidden-visually");
  input.labels?.[0].classList.add("button", input.id === "files" ? "button-primary" : "button-plain");
  input.addEventListener("change", () => {
    send([...(input.files ?? [])].map((file) => ({ file, name: file.webkitRelativePath || file.name })));
  });
}
element("upload-stop").addEventListener("click", stop);
zone.setAttribute("data-script", ""); // the labels become buttons, the browser's own controls are for those without scripts
for (const part of all(form, "[data-needs-script]")) part.hidden = false;
for (const part of all(form, "[data-without-script]")) part.hidden = true;

// The whole page takes the drop, so that a file let go beside the field does not replace the page.
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  zone.toggleAttribute("data-over", true);
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) zone.removeAttribute("data-over");
});
document.addEventListener("drop", async (event) => {
  event.preventDefault();
  zone.removeAttribute("data-over");
  if (!event.dataTransfer) return;
  try {
    send(await dropped(event.dataTransfer));
  } catch {
    notice(told("failed"));
  }
});
window.addEventListener("beforeunload", (event) => {
  if (sending && request?.readyState !== XMLHttpRequest.DONE) event.preventDefault();
});
window.addEventListener("pagehide", finish);
window.addEventListener("online", () => sending?.now());
