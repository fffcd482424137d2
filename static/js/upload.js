// The upload form: dropping files and folders, and progress while they travel. Without this file the plain form does the same
// upload with the browser's own progress. Every sentence comes translated from the form's data attributes.

const MB = 1024 * 1024;
const form = document.getElementById("upload-form");
const zone = document.getElementById("dropzone");
const box = document.getElementById("upload-progress");
const bar = document.getElementById("upload-bar");
const words = document.getElementById("upload-words");
const result = document.getElementById("upload-result");
let sending = null;

const say = (sentence, ...values) => sentence.replace(/\{(\d)\}/g, (_, n) => values[n]);

function notice(sentence) {
  const line = document.createElement("p");
  line.className = "notice notice-bad";
  line.setAttribute("role", "alert");
  line.textContent = sentence;
  result.replaceChildren(line);
  line.scrollIntoView({ block: "nearest" });
}

function refusal(files) {
  const told = form.dataset;
  const total = files.reduce((sum, { file }) => sum + file.size, 0);
  const large = files.find(({ file }) => file.size > told.maxFileMb * MB);
  if (files.length === 0) return told.none;
  if (files.length > told.maxFiles) return say(told.tooMany, files.length, told.maxFiles);
  if (total > told.maxMb * MB) return say(told.tooLarge, Math.ceil(total / MB), told.maxMb);
  if (large) return say(told.oneTooLarge, large.name, told.maxFileMb);
  return "";
}

function busy(on) {
  box.hidden = !on;
  zone.inert = on;
  zone.toggleAttribute("data-busy", on);
  if (on) box.scrollIntoView({ block: "nearest" });
}

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
  words.textContent = "";
  request.upload.addEventListener("progress", (event) => {
    if (!event.lengthComputable) return;
    bar.max = event.total;
    bar.value = event.loaded;
    words.textContent = say(form.dataset.sending, files.length, (event.loaded / MB).toFixed(1), (event.total / MB).toFixed(1));
  });
  request.upload.addEventListener("load", () => {
    bar.removeAttribute("value");
    words.textContent = form.dataset.reading;
  });
  request.addEventListener("load", () => done(request));
  request.addEventListener("error", () => failed(form.dataset.failed));
  request.addEventListener("abort", () => failed(form.dataset.stopped));
  request.open("POST", form.action);
  request.setRequestHeader("HX-Request", "true");
  request.send(data);
}

function done(request) {
  const target = request.getResponseHeader("HX-Redirect");
  if (target) {
    location.assign(target);
    return;
  }
  ended();
  const answer = new DOMParser().parseFromString(request.responseText, "text/html");
  result.replaceChildren(...answer.body.childNodes);
  result.scrollIntoView({ block: "nearest" });
}

function failed(sentence) {
  ended();
  notice(sentence);
}

function ended() {
  sending = null;
  busy(false);
  form.reset();
}

// Dropped folders: entries are read in batches of a hundred until a batch is empty.
async function inside(entry, path) {
  const name = path ? `${path}/${entry.name}` : entry.name;
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
    return [{ file, name }];
  }
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    const batch = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (batch.length === 0) return found;
    for (const child of batch) found.push(...(await inside(child, name)));
  }
}

async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (entries.length === 0) return [...transfer.files].map((file) => ({ file, name: file.name }));
  const lists = await Promise.all(entries.map((entry) => inside(entry, "")));
  return lists.flat();
}

form.addEventListener("submit", (event) => event.preventDefault());
for (const input of form.querySelectorAll("input[type=file]")) {
  input.classList.add("hidden-visually");
  input.labels[0].classList.add("button", input.id === "files" ? "button-primary" : "button-plain");
  input.addEventListener("change", () => {
    send([...input.files].map((file) => ({ file, name: file.webkitRelativePath || file.name })));
  });
}
document.getElementById("upload-stop").addEventListener("click", () => sending?.abort());
zone.setAttribute("data-script", ""); // the labels become buttons, the browser's own controls are for those without scripts
for (const element of form.querySelectorAll("[data-needs-script]")) element.hidden = false;
for (const element of form.querySelectorAll("[data-without-script]")) element.hidden = true;

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
  try {
    send(await dropped(event.dataTransfer));
  } catch {
    notice(form.dataset.failed);
  }
});
window.addEventListener("beforeunload", (event) => {
  if (sending?.readyState < XMLHttpRequest.HEADERS_RECEIVED) event.preventDefault();
});
