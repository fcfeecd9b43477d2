// Starts the shop and its job queue in one process; fills its database the first time.
import { existsSync } from "node:fs";
import path from "node:path";
import { bootstrap, JobQueueService } from "@vendure/core";

import { config, FOLDER } from "./config.js";
import { fill } from "./fill.js";

const isNew = !existsSync(path.join(FOLDER, "shop.sqlite"));
const app = await bootstrap(config);
await app.get(JobQueueService).start();
if (isNew) await fill(app);
console.log("ready");
