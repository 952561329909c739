// A model of this machine behind OpenAI's chat completions: node local_model.mjs FOLDER MODEL.gguf prints its port.
// FOLDER is where `npm install node-llama-cpp` was run; the answer is held to the schema of `response_format`.
import http from "node:http"

const {getLlama, LlamaChatSession} = await import(`${process.argv[2]}/node_modules/node-llama-cpp/dist/index.js`)
const llama = await getLlama({gpu: false, build: "never", progressLogs: false})
const model = await llama.loadModel({modelPath: process.argv[3]})

async function answer({messages, response_format}) {
    const context = await model.createContext({contextSize: 2048, threads: 2})
    const session = new LlamaChatSession({contextSequence: context.getSequence(), systemPrompt: messages[0].content})
    const grammar = await llama.createGrammarForJsonSchema(response_format.json_schema.schema)
    const said = await session.promptWithMeta(messages.at(-1).content, {grammar, maxTokens: 400, temperature: 0})
    await context.dispose()
    const finish_reason = said.stopReason === "maxTokens" ? "length" : "stop"
    return {choices: [{index: 0, message: {role: "assistant", content: said.responseText}, finish_reason}]}
}

const server = http.createServer((request, response) => {
    let body = ""
    request.on("data", (part) => { body += part })
    request.on("end", async () => {
        response.setHeader("Content-Type", "application/json")
        response.end(JSON.stringify(await answer(JSON.parse(body))))
    })
})
server.listen(0, "127.0.0.1", () => console.log(server.address().port))
