/**
 * The generator of conversations: seeded, with no text but its own. The same key gives the same conversation
 * on any machine.
 */

import { userSays, type Conversation, type Step } from "./conversation.ts";
import { DOMAINS } from "./domains/domains.ts";
import { Draw, type Split } from "./draw.ts";
import { bindTool, type BoundTool, type Intent } from "./intent.ts";
import { conceptOf, drawAction, nearMiss, proceduralIntent, type Action } from "./procedural/procedural-intent.ts";
import { missingScene, parallelScene, singleScene } from "./scenes/call-scenes.ts";
import { CHAINS, chainScene, proceduralChain, type Chain } from "./scenes/chain-scenes.ts";
import { refusalScene, talkScene } from "./scenes/talk-scenes.ts";

export interface GenerateOptions {
  readonly seed: number;
  /** Conversations of one seed are numbered. */
  readonly index: number;
  readonly split: Split;
  /** Only tools of held-out words. */
  readonly unseen: boolean;
}

const SYSTEM_TEXTS = [
  "You are a helpful assistant.",
  "You are an assistant with tools.",
  "Use the tools to help the user.",
  "Answer briefly. Use a tool where one fits.",
  "You help the user with the tools below.",
  "You are Turnwise, a small assistant.",
];

/** What a conversation has to choose from. */
interface Stage {
  readonly tools: readonly BoundTool[];
  readonly intents: readonly Intent[];
  readonly actions: readonly Action[];
  readonly chains: readonly Chain[];
  readonly domains: ReadonlySet<readonly Intent[]>;
  readonly unseen: boolean;
}

export function generateConversation({ seed, index, split, unseen }: GenerateOptions): Conversation {
  const draw = new Draw(`${split} ${unseen} ${seed} ${index}`, split);
  const stage = drawStage(unseen, draw);
  const turns = draw.pick([1, 2, 2, 3, 3, 3, 4, 4, 5, 5, 6, 8]);
  const steps: Step[] = [];
  if (draw.chance(0.6)) steps.push({ message: { role: "system", content: draw.pick(SYSTEM_TEXTS) } });
  for (let turn = 0; turn < turns; turn += 1) steps.push(...drawScene(stage, draw));
  return { tools: stage.tools.map(({ tool }) => tool), steps, unseen };
}

/** By weight; a scene that cannot be played gives way to another draw. */
function drawScene(stage: Stage, draw: Draw): readonly Step[] {
  const { tools, chains } = stage;
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const kind = draw.int(0, 99);
    const scene =
      kind < 10 || tools.length === 0
        ? draw.chance(0.5) && tools.length > 0
          ? talkScene(tools, draw)
          : (refusal(stage, draw) ?? talkScene(tools, draw))
        : kind < 16
          ? refusal(stage, draw)
          : kind < 28
            ? missingScene(draw.pick(tools), draw)
            : kind < 46
              ? parallelScene(tools, draw)
              : kind < 64 && chains.length > 0
                ? chainScene(draw.pick(chains), tools, draw)
                : singleScene(draw.pick(tools), draw);
    if (scene !== null) return scene;
  }
  return [userSays("Hello"), ...talkScene([], draw).slice(1)];
}

function refusal({ actions, intents, domains, unseen }: Stage, draw: Draw): readonly Step[] | null {
  const taken = new Set(intents.map(({ concept }) => concept));
  if (!unseen && draw.chance(0.35)) {
    const others = DOMAINS.filter((domain) => !domains.has(domain));
    return others.length === 0 ? null : refusalScene(draw.pick(draw.pick(others)), draw);
  }
  const [near] = draw.shuffled(actions);
  const action = near !== undefined && draw.chance(0.5) ? nearMiss(near, unseen, draw) : drawAction(unseen, draw);
  return taken.has(conceptOf(action)) ? null : refusalScene(proceduralIntent(action, draw), draw);
}

/** Collects the tools of a conversation: each of another concept and name. */
class StageBuilder {
  readonly #draw: Draw;
  readonly #unseen: boolean;
  readonly #tools: BoundTool[] = [];
  readonly #actions: Action[] = [];
  readonly #chains: Chain[] = [];
  readonly #domains = new Set<readonly Intent[]>();

  constructor(unseen: boolean, draw: Draw) {
    this.#unseen = unseen;
    this.#draw = draw;
  }

  get size(): number {
    return this.#tools.length;
  }

  /** False where the intent clashes with another or gives no tool of this split. */
  #add(intent: Intent): boolean {
    const clashes = this.#tools.some(
      ({ intent: other }) =>
        other.concept === intent.concept ||
        other.conflicts?.includes(intent.concept) === true ||
        intent.conflicts?.includes(other.concept) === true,
    );
    const taken = new Set(this.#tools.map(({ name }) => name));
    const bound = clashes ? null : bindTool(intent, this.#draw, taken);
    if (bound !== null) this.#tools.push(bound);
    return bound !== null;
  }

  addDomain(domain: readonly Intent[], intent: Intent): boolean {
    const added = this.#add(intent);
    if (added) this.#domains.add(domain);
    return added;
  }

  addChain(): void {
    if (!this.#unseen && this.#draw.chance(0.5)) {
      const chain = this.#draw.pick(CHAINS);
      for (const domain of DOMAINS) {
        for (const intent of domain) {
          if (intent.concept === chain.first || intent.concept === chain.second) this.addDomain(domain, intent);
        }
      }
      this.#chains.push(chain);
      return;
    }
    const { intents, chain } = proceduralChain(this.#unseen, this.#draw);
    for (const intent of intents) this.#add(intent);
    this.#chains.push(chain);
  }

  addProcedural(): void {
    const [last] = this.#draw.shuffled(this.#actions);
    const isNear = last !== undefined && this.#draw.chance(0.45);
    const action = isNear ? nearMiss(last, this.#unseen, this.#draw) : drawAction(this.#unseen, this.#draw);
    if (this.#add(proceduralIntent(action, this.#draw))) this.#actions.push(action);
  }

  finish(): Stage {
    return {
      tools: this.#draw.shuffled(this.#tools),
      intents: this.#tools.map(({ intent }) => intent),
      actions: this.#actions,
      chains: this.#chains,
      domains: this.#domains,
      unseen: this.#unseen,
    };
  }
}

/** 0 to 8 tools in random order, near misses among them. */
function drawStage(unseen: boolean, draw: Draw): Stage {
  const count = draw.chance(0.03) ? 0 : draw.pick([1, 2, 2, 3, 3, 4, 4, 5, 6, 7, 8]);
  const builder = new StageBuilder(unseen, draw);
  if (count >= 2 && draw.chance(0.25)) builder.addChain();
  const domainShare = unseen ? 0 : draw.pick([0, 0.3, 0.6, 1]);
  const favourites = draw.shuffled(DOMAINS).slice(0, draw.int(1, 3));
  while (builder.size < count) {
    if (!draw.chance(domainShare)) {
      builder.addProcedural();
      continue;
    }
    const domain = draw.pick(favourites);
    // A domain may be used up.
    if (!builder.addDomain(domain, draw.pick(domain))) favourites.push(draw.pick(DOMAINS));
  }
  return builder.finish();
}
