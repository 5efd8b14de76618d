// The admin API of a running gpt-load, as far as the demo, the SDK tests and the benchmark need it.

import { randomBytes } from "node:crypto";

export class Admin {
  constructor(url, authKey) {
    this.url = url;
    this.authKey = authKey;
  }

  /** Calls `METHOD /path` and gives the `data` of the answer; an error answer throws. */
  call(method, path, body) {
    return this.#send(method, path, { "content-type": "application/json" }, body && JSON.stringify(body));
  }

  /** The same with a form. */
  upload(path, form) {
    return this.#send("POST", path, {}, form);
  }

  async #send(method, path, headers, body) {
    const answer = await fetch(this.url + path, { method, headers: { authorization: `Bearer ${this.authKey}`, ...headers }, body });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text).data;
  }

  /** Makes a group with these keys in front of one upstream; `rules` are further members of the group. */
  async createGroup({ channel = "openai", upstream, keys, config = {}, rules = {}, name = `group-${randomBytes(6).toString("hex")}` }) {
    const proxyKey = `pk-${name}`;
    const group = await this.call("POST", "/api/groups", {
      name,
      channel_type: channel,
      upstreams: [{ url: upstream, weight: 1 }],
      test_model: "any",
      proxy_keys: proxyKey,
      config,
      ...rules,
    });
    await this.call("POST", "/api/keys/add-multiple", { group_id: group.id, keys_text: keys.join("\n") });
    return { id: group.id, name, proxyKey, url: `${this.url}/proxy/${name}` };
  }

  /** All items of a list, page after page. */
  async list(path) {
    const items = [];
    for (let page = 1; ; page += 1) {
      const { items: more, pagination } = await this.call("GET", `${path}&page_size=1000&page=${page}`);
      items.push(...more);
      if (page >= pagination.total_pages) return items;
    }
  }
}
