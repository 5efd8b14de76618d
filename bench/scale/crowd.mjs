// A thousand clients at once on SQLite, with the log written at once and, in every other round, hours later.

import { startGateway, waitFor } from "../../scripts/servers.mjs";
import { interleave, middle } from "../measure.mjs";
import { putLoad } from "../load.mjs";

const CONNECTIONS = 1000;
/** All connections together: so many that the log has work to do, so few that nobody waits for a busy core. */
const PER_SECOND = 1000;
const SECONDS = 5;
const ROUNDS = 5;
const STORED_LIMIT_MS = 120_000;
const WRITTEN = [
  { name: "at once", minutes: 0 },
  { name: "hours later", minutes: 600 },
];

/** Measures what a request takes, and whether every one of them is in the log. */
export async function crowd({ mock }) {
  const gateway = await startGateway("release");
  const keys = Array.from({ length: 1000 }, (_, number) => `sk-of-the-crowd-${number}`);
  const group = await gateway.admin.createGroup({ name: "crowd", upstream: `${mock.url}/bench`, keys });
  const target = { url: `${gateway.url}/proxy/${group.name}/v1/chat/completions`, bearer: group.proxyKey };
  const write = (minutes) => gateway.admin.call("PUT", "/api/settings", { request_log_write_interval_minutes: minutes });
  const stored = async () => (await gateway.admin.call("GET", "/api/logs?page_size=1")).pagination.total_items;
  let sent = 0;
  const allStored = async () => {
    await write(0);
    await waitFor("every request to be in the log", STORED_LIMIT_MS, async () => (await stored()) === sent);
  };
  const results = await interleave(ROUNDS, WRITTEN, async ({ minutes }) => {
    await allStored();
    await write(minutes);
    const result = await putLoad(target, { connections: CONNECTIONS, perSecond: PER_SECOND, seconds: SECONDS }, {});
    sent += result.sent;
    return result;
  });
  await allStored();
  if (/locked/.test(gateway.output())) throw new Error(`the database was locked:\n${gateway.output()}`);
  const rows = WRITTEN.map(({ name }) => ({
    "log written": name,
    requests: results[name].reduce((sum, result) => sum + result.count, 0),
    "p50 ms": ms(results[name], "p50_us"),
    "p99 ms": ms(results[name], "p99_us"),
    "longest ms": ms(results[name], "max_us"),
  }));
  return { title: `${CONNECTIONS.toLocaleString("en")} clients at once, ${PER_SECOND.toLocaleString("en")} requests a second, SQLite`, rows };
}

function ms(results, field) {
  return (middle(results, (result) => result[field]) / 1000).toFixed(1);
}
