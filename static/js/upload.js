// The upload form: dropping files and folders, and progress while they travel. Without this file the plain form does the same
// upload with the browser's own progress. Every sentence comes translated from the form's data attributes.

import { ours, told as between } from "./between.js";
import { all, element } from "./elements.js";

/** @typedef {{ file: File, name: string }} Chosen a file, and its name with its folders */

const MB = 1024 * 1024;
const form = element("upload-form", HTMLFormElement);
const zone = element("dropzone");
const box = element("upload-progress");
const bar = element("upload-bar", HTMLProgressElement);
const progress = element("upload-words");
const result = element("upload-result");

/** @type {XMLHttpRequest | null} */
let sending = null;

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
function send(files) {
  if (sending) return;
  const no = refusal(files);
  if (no) {
    notice(no);
    return;
  }
  result.replaceChildren();
  const data = new FormData();
  for (const { file, name } of files) data.append("files", file, name);
  const request = new XMLHttpRequest();
  sending = request;
  busy(true);
  bar.removeAttribute("value");
  progress.textContent = "";
  request.upload.addEventListener("progress", (event) => {
    if (!event.lengthComputable) return;
    bar.max = event.total;
    bar.value = event.loaded;
    progress.textContent = say("sending", files.length, (event.loaded / MB).toFixed(1), (event.total / MB).toFixed(1));
  });
  request.upload.addEventListener("load", () => {
    bar.removeAttribute("value");
    progress.textContent = told("reading");
  });
  request.addEventListener("load", () => done(request));
  request.addEventListener("error", () => failed(told("failed")));
  request.addEventListener("abort", () => failed(told("stopped")));
  request.open("POST", form.action);
  request.setRequestHeader("HX-Request", "true");
  request.send(data);
}

/** @param {XMLHttpRequest} request */
function done(request) {
  const target = request.getResponseHeader("HX-Redirect");
  if (target) {
    location.assign(target);
    return;
  }
  if (!ours(request)) {
    failed(between(request.status));
    return;
  }
  ended();
  const answer = new DOMParser().parseFromString(request.responseText, "text/html");
  result.replaceChildren(...answer.body.childNodes);
  result.scrollIntoView({ block: "nearest" });
}

/** @param {string} sentence */
function failed(sentence) {
  ended();
  notice(sentence);
}

function ended() {
  sending = null;
  busy(false);
  form.reset();
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
element("upload-stop").addEventListener("click", () => sending?.abort());
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
  if (sending && sending.readyState < XMLHttpRequest.HEADERS_RECEIVED) event.preventDefault();
});
