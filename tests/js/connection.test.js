// A server that is away is asked at growing intervals, at once when the browser is online again, and everything comes with the
// first answer.
import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

const browser = { window: new EventTarget(), document: Object.assign(new EventTarget(), { visibilityState: "visible" }) };
Object.assign(globalThis, browser);
const { Connection } = await import("../../static/js/connection.js");

const MINUTE = 60_000;

beforeEach(() => mock.timers.reset());

test("a server that is away is asked at intervals that grow to half a minute, never twice in one of them", () => {
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: MINUTE });
  const told = [];
  const connection = new Connection(() => told.push(connection.since));
  const asked = [];
  const again = () => {
    asked.push(Date.now());
    connection.lost("payload", again);
    connection.lost("films", () => {});
  };
  connection.lost("payload", again);
  for (let second = 0; second < 180; second += 1) mock.timers.tick(1000);
  assert.deepEqual(told, [MINUTE], "it is said once, with the time since when");
  const gaps = asked.slice(1).map((at, place) => at - asked[place]);
  assert.ok(asked.length < 14 && asked.length > 5, `${asked.length} questions in three minutes`);
  assert.ok(gaps[0] < 4000 && gaps.at(-1) >= 29_000 && gaps.at(-1) <= 39_000, String(gaps));
});

test("what waits is asked at once when the browser is online, and all of it with the first answer", () => {
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: MINUTE });
  const connection = new Connection(() => {});
  const asked = [];
  connection.lost("payload", () => asked.push("payload"));
  connection.lost("payload", () => asked.push("payload"));
  browser.window.dispatchEvent(new Event("online"));
  assert.deepEqual(asked, ["payload"]);
  assert.ok(connection.away, "one question is no answer");
  connection.lost("films", () => asked.push("films"));
  connection.reached();
  assert.deepEqual(asked, ["payload", "films"]);
  assert.ok(!connection.away);
  mock.timers.tick(MINUTE);
  assert.deepEqual(asked, ["payload", "films"]);
});
