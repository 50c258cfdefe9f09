// Prints, as JSON, the content hashes of the documents in the raw JSON list on standard input.

import { readFileSync } from "node:fs";

import { contentHash } from "./content.mjs";

process.stdout.write(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(contentHash)));
