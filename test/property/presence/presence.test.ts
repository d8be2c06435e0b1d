import { expect, test } from "bun:test";
import { withSeeds } from "../../support/bytes/random.ts";
import { Network, Page, Server, type World } from "../../support/presence/pages.ts";

/** More deliveries than this until the network is idle are a storm. */
const stormDeliveries = 20_000;
const renewalMs = 15_000;

function settle({ network, server }: World): void {
  const limit = network.delivered + stormDeliveries;
  for (let round = 0; round < 40; round += 1) {
    while (network.deliver()) if (network.delivered > limit) throw new Error("a storm");
    server.clock.advance(50);
  }
}

/** Lets the clients do anything for a while, and connects all that have not crashed. */
function play(world: World): void {
  const { kind, network, pages, random, server } = world;
  for (let count = 2 + random.integer(4); count > 0; count -= 1) pages.push(new Page(`page ${count}`, world));
  const acts: readonly ((page: Page) => void)[] = [
    (page) => page.connect(),
    (page) => page.connect(),
    (page) => page.disconnect(),
    (page) => page.setState({ at: random.integer(1_000) }),
    (page) => page.setState({ at: random.integer(1_000) }),
    (page) => page.setState(kind.isPresent ? { at: 0 } : null),
  ];
  for (let step = 0; step < 60; step += 1) {
    random.pick(acts)(random.pick(pages));
    if (random.chance(0.03)) random.pick(pages).crash();
    for (let count = random.integer(8); count > 0; count -= 1) network.deliver();
    server.clock.advance(random.integer(200));
    if (random.chance(0.1)) settle(world);
  }
  for (const page of pages) page.connect();
  settle(world);
}

/** Lets the clients renew their states, and the others expire, as y-protocols does. */
function renewAll(world: World): void {
  const { pages, server } = world;
  const gone = pages.filter(({ hasState }) => !hasState).map(({ id }) => id);
  for (let round = 0; round < 3; round += 1) {
    server.clock.advance(renewalMs);
    for (const page of pages) page.renew();
    if (round > 0) for (const page of pages) page.expire(gone);
    settle(world);
  }
}

const idsOf = (pages: readonly Page[]) => pages.filter(({ hasState }) => hasState).map(({ id }) => id);

/** Checks that every client, and a joiner, knows exactly the clients that have a state. */
function checkComplete({ pages, server }: World): void {
  const expected = idsOf(pages).toSorted();
  const alive = pages.filter(({ isAlive }) => isAlive);
  if (alive.length > 0) expect(server.present().toSorted()).toEqual(expected);
  for (const { awareness } of alive) expect([...awareness.getStates().keys()].toSorted()).toEqual(expected);
}

function checkQuiet(world: World): void {
  const { network, server } = world;
  const before = [network.delivered, server.broadcasts];
  server.clock.advance(5_000);
  settle(world);
  expect([network.delivered, server.broadcasts]).toEqual(before);
}

/** Checks that a client that crashes now is gone at once. Among clients linked by WebRTC another may hold its state. */
function checkCrash(world: World): void {
  const { kind, pages, server } = world;
  const crashing = pages.find(({ hasState }) => hasState);
  if (crashing === undefined || kind.isMesh) return;
  crashing.crash();
  settle(world);
  expect(server.present()).not.toContain(crashing.id);
}

test.each([
  { isMesh: false, isPresent: false },
  { isMesh: true, isPresent: false },
  { isMesh: false, isPresent: true },
  { isMesh: true, isPresent: true },
])("presence becomes complete and quiet, whatever clients do and however late messages arrive: %p", (kind) => {
  withSeeds(200, (random) => {
    const world: World = {
      kind,
      server: new Server(),
      network: new Network(random),
      random,
      pages: [],
      separates: true,
    };
    play(world);
    const { pages } = world;
    if (kind.isPresent) {
      // Seconds after the last return, without any renewal of y-protocols.
      for (const { hasState, awareness } of pages) {
        if (hasState) expect(idsOf(pages).filter((id) => !awareness.getStates().has(id))).toEqual([]);
      }
    }
    renewAll(world);
    checkComplete(world);
    checkQuiet(world);
    checkCrash(world);
    for (const page of pages) page.destroy();
  });
});
