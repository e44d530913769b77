// A BullMQ worker that posts each event and publishes a result; `feed COUNT` fills the queue.
import { Queue, Worker } from "bullmq";

const { hostname: host, port } = new URL(process.env.PEER_REDIS);
const connection = { host, port: Number(port), maxRetriesPerRequest: null };
const kept = { removeOnComplete: true };

function job(number) {
  const data = {
    kind: "link",
    relation_type: "holding",
    parents: [{ record_id: 1 + number }],
    children: [{ record_id: 2000000 + number }],
    comment: "holding of",
  };
  return { id: `acme-${number}`, source: "/bench/crm", type: "relation.created", subject: `link-${number}`, data };
}

async function feed(count) {
  const queue = new Queue("events", { connection });
  for (let first = 0; first < count; first += 500) {
    const numbers = Array.from({ length: Math.min(500, count - first) }, (_, at) => first + at);
    await queue.addBulk(numbers.map((number) => ({ name: "deliver", data: job(number), opts: kept })));
  }
  await queue.close();
}

function work() {
  const results = new Queue("results", { connection });
  new Worker(
    "events",
    async (task) => {
      const body = JSON.stringify(task.data.data);
      const headers = { "Content-Type": "application/json" };
      const answer = await fetch(process.env.PEER_URL, { method: "POST", body, headers });
      const told = await answer.json();
      await results.add("result", { id: task.data.id, remoteId: told.RelationId });
    },
    { connection, concurrency: 64 },
  );
}

if (process.argv[2] === "feed") {
  await feed(Number(process.argv[3]));
} else {
  work();
}
