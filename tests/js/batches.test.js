import assert from "node:assert/strict";
import test from "node:test";
import { Batches, cut, outcome, smaller } from "../../static/js/batches.js";

const chosen = (name, size) => ({ name, file: { size } });
const names = (batch) => batch.map(({ name }) => name).join("");
const files = (batch) => batch.map(({ name }) => ({ name, state: "accepted", reason: "" }));
const ok = (batch) => ({ status: 200, ours: true, redirect: null, body: JSON.stringify({ files: files(batch) }) });
const LARGE = { status: 413, ours: false, redirect: null, body: "<h1>nginx</h1>" };
const END = { status: 204, ours: true, redirect: "/studies/x", body: "" };
const nobody = { file() {}, begun() {}, lost() {} };

test("a batch has room for some files, and for one at least", () => {
  const four = [chosen("a", 3), chosen("b", 3), chosen("c", 9), chosen("d", 1)];
  assert.equal(names(cut(four, { files: 9, octets: 6 })), "ab");
  assert.equal(names(cut(four, { files: 1, octets: 6 })), "a");
  assert.equal(names(cut(four.slice(2), { files: 9, octets: 6 })), "c");
  assert.equal(names(cut(four, { files: 9, octets: 99 })), "abcd");
  assert.equal(names(cut([], { files: 9, octets: 99 })), "");
});

test("an archive's outcome is its members', and names are kept from their end", () => {
  const told = [{ name: "a.zip/1", state: "rejected", reason: "r" }, { name: "a.zip/2", state: "accepted", reason: "" }];
  assert.equal(outcome("a.zip", told)?.state, "accepted");
  const long = `${"x".repeat(300)}/b.dcm`;
  assert.equal(outcome(long, [{ name: long.slice(-200), state: "already here", reason: "" }])?.state, "already here");
  assert.equal(outcome("deep/a.dcm", [{ name: "a.dcm", state: "rejected", reason: "" }]), undefined);
});

test("what a proxy refuses is halved down to one file, which is left out", async () => {
  const sent = [];
  const refused = [];
  const four = ["a", "b", "c", "d"].map((name) => chosen(name, name === "c" ? 900 : 10));
  const post = async (batch, more) => {
    sent.push(names(batch));
    const octets = batch.reduce((sum, { file }) => sum + file.size, 0);
    if (octets > 25) return LARGE;
    return more ? ok(batch) : END;
  };
  const batches = new Batches(four, post, { ...nobody, file: (file, state) => refused.push(file.name + state) });
  assert.equal(await batches.run(), END);
  assert.deepEqual(sent, ["abcd", "ab", "c", "d"]);
  assert.deepEqual(refused, ["aaccepted", "baccepted", "crefused"]);
  assert.equal(smaller([four[0]]), null);
});

test("when the last file is refused, the upload is ended all the same", async () => {
  const post = async (batch, more) => {
    if (batch.some(({ file }) => file.size > 20)) return LARGE;
    return more ? ok(batch) : END;
  };
  assert.equal(await new Batches([chosen("a", 10), chosen("b", 90)], post, nobody).run(), END);
  assert.equal(await new Batches([chosen("b", 90)], post, nobody).run(), null);
});

test("a lost connection is waited for, and nothing that was acknowledged is sent again", async () => {
  const sent = [];
  let away = 2;
  const post = async (batch, more) => {
    sent.push(names(batch));
    if (names(batch) === "b" && away) {
      away -= 1;
      return { status: away ? 0 : 502, ours: false, redirect: null, body: "" };
    }
    return more ? ok(batch) : END;
  };
  const three = [chosen("a", 1), chosen("b", 1), chosen("c", 1)];
  const batches = new Batches(three, post, { ...nobody, lost: () => setTimeout(() => batches.now()) }, { files: 1, octets: 9 });
  assert.equal(await batches.run(), END);
  assert.deepEqual(sent, ["a", "b", "b", "b", "c"]);
  assert.equal(batches.stored, 2);
});

test("a refusal of Whylight's ends it, and so does stopping while it waits", async () => {
  const no = { status: 503, ours: true, redirect: null, body: "full" };
  assert.equal(await new Batches([chosen("a", 1)], async () => no, nobody).run(), no);
  const gone = { status: 0, ours: false, redirect: null, body: "" };
  const waits = new Batches([chosen("a", 1)], async () => gone, { ...nobody, lost: () => setTimeout(() => waits.stop()) });
  assert.equal(await waits.run(), null);
});

test("what has to come together comes last, however large, and is not parted", async () => {
  const sent = [];
  const post = async (batch, more) => {
    sent.push(names(batch) + (more ? "+" : ""));
    return more ? ok(batch) : END;
  };
  const five = ["a", "b", "c", "t", "z"].map((name) => chosen(name, name === "z" ? 900 : 10));
  assert.equal(await new Batches(five, post, nobody, { files: 2, octets: 50 }, 2).run(), END);
  assert.deepEqual(sent, ["ab+", "c+", "tz"]);
  const refused = new Batches(five.slice(3), async () => LARGE, nobody, { files: 2, octets: 50 }, 2);
  assert.equal(await refused.run(), LARGE);
});
