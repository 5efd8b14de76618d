/** Ready lines for whoever is to call a group: address and key put in. */
import type { Channel } from "../form/draft";

export interface Snippet {
  /** What the tab says. */
  name: string;
  language: "shell" | "python" | "javascript" | "toml" | "json";
  text: string;
}

export interface Access {
  channel: Channel;
  /** `http://host:3001/proxy/GROUP` */
  endpoint: string;
  /** A proxy key. */
  key: string;
  model: string;
}

/** The base address that clients of the channel want: OpenAI's end in the version. */
export function baseOf({ channel, endpoint }: Access): string {
  return channel === "openai" || channel === "openai-response" ? `${endpoint}/v1` : endpoint;
}

export function snippetsOf(access: Access): Snippet[] {
  switch (access.channel) {
    case "openai":
      return [curlChat(access), pythonOpenAi(access, CHAT_PYTHON), jsOpenAi(access, CHAT_JS), openCode(access)];
    case "openai-response":
      return [curlResponses(access), pythonOpenAi(access, RESPONSES_PYTHON), jsOpenAi(access, RESPONSES_JS), codex(access)];
    case "anthropic":
      return [curlMessages(access), pythonAnthropic(access), jsAnthropic(access), claudeCode(access)];
    case "gemini":
      return [curlGemini(access), pythonGemini(access), jsGemini(access), geminiCli(access)];
  }
}

const HELLO = '[{"role": "user", "content": "Hello"}]';

const curl = (address: string, headers: string[], body: string): Snippet => ({
  name: "curl",
  language: "shell",
  text: [`curl ${address}`, ...headers.map((header) => `  -H "${header}"`), `  -d '${body}'`].join(" \\\n"),
});

const JSON_TYPE = "Content-Type: application/json";

const curlChat = ({ endpoint, key, model }: Access) =>
  curl(`${endpoint}/v1/chat/completions`, [`Authorization: Bearer ${key}`, JSON_TYPE], `{"model": "${model}", "messages": ${HELLO}}`);
const curlResponses = ({ endpoint, key, model }: Access) =>
  curl(`${endpoint}/v1/responses`, [`Authorization: Bearer ${key}`, JSON_TYPE], `{"model": "${model}", "input": "Hello"}`);
const curlMessages = ({ endpoint, key, model }: Access) =>
  curl(
    `${endpoint}/v1/messages`,
    [`x-api-key: ${key}`, "anthropic-version: 2023-06-01", JSON_TYPE],
    `{"model": "${model}", "max_tokens": 100, "messages": ${HELLO}}`,
  );
const curlGemini = ({ endpoint, key, model }: Access) =>
  curl(
    `${endpoint}/v1beta/models/${model}:generateContent`,
    [`x-goog-api-key: ${key}`, JSON_TYPE],
    '{"contents": [{"parts": [{"text": "Hello"}]}]}',
  );

const CHAT_PYTHON = (model: string) => `answer = client.chat.completions.create(
    model="${model}",
    messages=[{"role": "user", "content": "Hello"}],
)
print(answer.choices[0].message.content)`;
const RESPONSES_PYTHON = (model: string) => `answer = client.responses.create(model="${model}", input="Hello")
print(answer.output_text)`;
const CHAT_JS = (model: string) => `const answer = await client.chat.completions.create({
  model: "${model}",
  messages: [{ role: "user", content: "Hello" }],
});
console.info(answer.choices[0].message.content);`;
const RESPONSES_JS = (model: string) => `const answer = await client.responses.create({ model: "${model}", input: "Hello" });
console.info(answer.output_text);`;

const python = (text: string): Snippet => ({ name: "Python", language: "python", text });
const javascript = (text: string): Snippet => ({ name: "JavaScript", language: "javascript", text });

const pythonOpenAi = (access: Access, call: (model: string) => string) =>
  python(`from openai import OpenAI

client = OpenAI(base_url="${baseOf(access)}", api_key="${access.key}")
${call(access.model)}`);
const jsOpenAi = (access: Access, call: (model: string) => string) =>
  javascript(`import OpenAI from "openai";

const client = new OpenAI({ baseURL: "${baseOf(access)}", apiKey: "${access.key}" });
${call(access.model)}`);

const pythonAnthropic = ({ endpoint, key, model }: Access) =>
  python(`from anthropic import Anthropic

client = Anthropic(base_url="${endpoint}", api_key="${key}")
answer = client.messages.create(
    model="${model}",
    max_tokens=100,
    messages=[{"role": "user", "content": "Hello"}],
)
print(answer.content[0].text)`);
const jsAnthropic = ({ endpoint, key, model }: Access) =>
  javascript(`import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic({ baseURL: "${endpoint}", apiKey: "${key}" });
const answer = await client.messages.create({
  model: "${model}",
  max_tokens: 100,
  messages: [{ role: "user", content: "Hello" }],
});
console.info(answer.content[0].text);`);

const pythonGemini = ({ endpoint, key, model }: Access) =>
  python(`from google import genai

client = genai.Client(api_key="${key}", http_options={"base_url": "${endpoint}"})
answer = client.models.generate_content(model="${model}", contents="Hello")
print(answer.text)`);
const jsGemini = ({ endpoint, key, model }: Access) =>
  javascript(`import { GoogleGenAI } from "@google/genai";

const client = new GoogleGenAI({ apiKey: "${key}", httpOptions: { baseUrl: "${endpoint}" } });
const answer = await client.models.generateContent({ model: "${model}", contents: "Hello" });
console.info(answer.text);`);

const claudeCode = ({ endpoint, key, model }: Access): Snippet => ({
  name: "Claude Code",
  language: "shell",
  text: `export ANTHROPIC_BASE_URL="${endpoint}"
export ANTHROPIC_AUTH_TOKEN="${key}"
export ANTHROPIC_MODEL="${model}"
claude`,
});
const codex = (access: Access): Snippet => ({
  name: "Codex",
  language: "toml",
  text: `# ~/.codex/config.toml, with GPT_LOAD_KEY="${access.key}" in the environment
model = "${access.model}"
model_provider = "gpt-load"

[model_providers.gpt-load]
name = "GPT-Load"
base_url = "${baseOf(access)}"
env_key = "GPT_LOAD_KEY"
wire_api = "responses"`,
});
const geminiCli = ({ endpoint, key, model }: Access): Snippet => ({
  name: "Gemini CLI",
  language: "shell",
  text: `export GOOGLE_GEMINI_BASE_URL="${endpoint}"
export GEMINI_API_KEY="${key}"
gemini --model "${model}"`,
});
const openCode = (access: Access): Snippet => ({
  name: "OpenCode",
  language: "json",
  text: JSON.stringify(
    {
      provider: {
        "gpt-load": {
          npm: "@ai-sdk/openai-compatible",
          name: "GPT-Load",
          options: { baseURL: baseOf(access), apiKey: access.key },
          models: { [access.model]: {} },
        },
      },
    },
    null,
    2,
  ),
});
