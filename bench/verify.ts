/** verify: every chunk of a local store. */
import { contenders } from "./contenders.ts";
import { casyncStore, systemFiles } from "./data.ts";
import { compare } from "./measure.ts";

/** Runs this comparison. */
export async function benchVerify(): Promise<void> {
  const file = await systemFiles("big", 1_190_000_000);
  const { index, store } = await casyncStore("big", file);
  const verify = contenders({
    args: () => ["verify", "-s", store],
    limit: () => ["verify", index, store, file],
  });
  await compare("verify the store of 1.19 GB", verify);
}
