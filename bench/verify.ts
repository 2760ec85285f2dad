/** verify: every chunk of a local store. */
import { contenders } from "./contenders.ts";
import { casyncStore, desyncStore, systemFiles } from "./data.ts";
import { compare } from "./measure.ts";

/** Runs these comparisons. */
export async function benchVerify(): Promise<void> {
  const file = await systemFiles("big", 1_190_000_000);
  const { index, store } = await casyncStore("big", file);
  const verify = (store: string) =>
    contenders({
      args: () => ["verify", "-s", store],
      limit: () => ["verify", index, store, file],
    });
  await compare("verify the store of 1.19 GB", verify(store));
  await compare("verify desync's store of 1.19 GB", verify(await desyncStore("big", index, file)));
}
