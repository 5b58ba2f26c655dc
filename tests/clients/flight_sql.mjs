// A Flight SQL client in a hundred lines, of gRPC's and Arrow's own packages: asks one query, or
// lists the tables. Prints one JSON document: the rows, or `{"error": …}` and exit code 1.
//
//   node flight_sql.mjs OPTIONS.json
//
// with {host, ca, token | (certificate, key), contract, purpose, sql | tables, protos}.
import { readFileSync } from "node:fs";
import grpc from "@grpc/grpc-js";
import loader from "@grpc/proto-loader";
import { tableFromIPC } from "apache-arrow";

const options = JSON.parse(readFileSync(process.argv[2], "utf-8"));
const loaded = loader.loadSync(["arrow/flight/flight.proto", "arrow/flight/flight_sql.proto"], {
  includeDirs: [options.protos],
  keepCase: true,
});
const Service = grpc.loadPackageDefinition(loaded).arrow.flight.protocol.FlightService;
const SQL = "arrow.flight.protocol.sql.";

// proto-loader keeps an encoder for each message; `google.protobuf.Any` is two fields by hand.
function varint(number) {
  const bytes = [];
  for (; number > 127; number = Math.floor(number / 128)) bytes.push((number % 128) | 128);
  return Buffer.from([...bytes, number]);
}
const field = (number, bytes) =>
  Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
const packed = (...fields) => (name) =>
  Buffer.concat([
    field(1, Buffer.from(`type.googleapis.com/${SQL}${name}`)),
    field(2, Buffer.concat(fields)),
  ]);

// Flight's frames as Arrow's stream: each message's length before it, and an end.
function stream(frames) {
  const parts = [];
  for (const { data_header: header, data_body: body } of frames) {
    if (!header?.length) continue;
    const padding = Buffer.alloc((8 - (header.length % 8)) % 8);
    const length = Buffer.alloc(8);
    length.writeUInt32LE(0xffffffff, 0);
    length.writeUInt32LE(header.length + padding.length, 4);
    parts.push(length, header, padding, body ?? Buffer.alloc(0));
  }
  parts.push(Buffer.from([255, 255, 255, 255, 0, 0, 0, 0]));
  return Buffer.concat(parts);
}

const pem = (path) => (path ? readFileSync(path) : null);
const client = new Service(
  options.host,
  grpc.credentials.createSsl(pem(options.ca), pem(options.key), pem(options.certificate)),
  { "grpc.max_receive_message_length": 64 * 1024 * 1024 },
);
const headers = new grpc.Metadata();
if (options.token) headers.set("authorization", `Bearer ${options.token}`);
if (options.contract) headers.set("x-sekisho-contract", options.contract);
if (options.purpose) headers.set("x-sekisho-purpose", options.purpose);

async function rows(command) {
  const info = await new Promise((resolve, reject) => {
    client.GetFlightInfo({ type: "CMD", cmd: command }, headers, (error, found) =>
      error ? reject(error) : resolve(found),
    );
  });
  const frames = [];
  for await (const frame of client.DoGet(info.endpoint[0].ticket, headers)) frames.push(frame);
  return tableFromIPC(stream(frames)).toArray();
}

try {
  const command = options.tables
    ? packed()("CommandGetTables")
    : packed(field(1, Buffer.from(options.sql)))("CommandStatementQuery");
  const plain = (_, value) => (typeof value === "bigint" ? Number(value) : value);
  console.log(JSON.stringify(await rows(command), plain));
} catch (error) {
  console.log(JSON.stringify({ error: error.details ?? String(error) }));
  process.exitCode = 1;
} finally {
  client.close();
}
