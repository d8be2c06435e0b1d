import { describe, expect, test } from "bun:test";
import { distinctProfile, type Neighbour, type OwnIdentity } from "../../src/web/demo/people/distinct-profile.ts";
import { colors, freeColor, isAlike, textColorOn } from "../../src/web/shared/people/color.ts";

const [red = "", blue = ""] = colors;
const own: OwnIdentity = {
  clientId: 5,
  shownName: "Ann",
  windowId: "own",
  openedAt: 1_000,
  profile: { name: "Ann", color: red, isNameChosen: true },
};
const twin: Neighbour = { clientId: 1, name: "Ann", color: red, windowId: "twin", openedAt: 500 };

describe("of two windows that look alike", () => {
  test("the later one takes a colour and a name that nobody has", () => {
    const people = [twin, { ...twin, clientId: 2, windowId: "third", name: "ANN 2", color: blue }];
    const { color, shownName } = distinctProfile(own, people);
    for (const other of people) expect(isAlike(color, other.color)).toBe(false);
    expect(shownName).toBe("Ann 3");
  });

  test("the earlier one stays as it is", () => {
    const people = [{ ...twin, openedAt: 2_000 }];
    expect(distinctProfile(own, people)).toEqual({ shownName: "Ann", color: red, isNameTaken: false });
  });

  test("exactly one changes, also when both were opened at the same time", () => {
    const other: OwnIdentity = { ...own, windowId: "other", clientId: 6 };
    const asNeighbour = ({ clientId, windowId, openedAt, profile: { name, color } }: OwnIdentity): Neighbour => {
      return { clientId, name, color, windowId, openedAt };
    };
    const seenByOwn = distinctProfile(own, [asNeighbour(other)]);
    const seenByOther = distinctProfile(other, [asNeighbour(own)]);
    expect([seenByOwn.color === red, seenByOther.color === red]).toEqual([true, false]);
    expect([seenByOwn.shownName, seenByOther.shownName]).toEqual(["Ann", "Ann 2"]);
  });

  test("later windows do not count: two would give way to each other for ever", () => {
    const later = { ...twin, clientId: 9, windowId: "later", openedAt: 2_000, name: "Ann 2" };
    expect(distinctProfile(own, [twin, later]).shownName).toBe("Ann 2");
  });

  test("a number that is free is kept, also when a lower one becomes free", () => {
    expect(distinctProfile({ ...own, shownName: "Ann 3" }, [twin]).shownName).toBe("Ann 3");
    expect(distinctProfile({ ...own, shownName: "Ann 3" }, [{ ...twin, name: "Bob" }]).shownName).toBe("Ann");
  });

  test("one that does not say when it was opened never has to change", () => {
    const { color } = distinctProfile(own, [{ ...twin, openedAt: undefined, windowId: undefined }]);
    expect(color).not.toBe(red);
  });

  test("a random name is to be replaced, and a chosen one gets a number", () => {
    const random = { ...own, profile: { ...own.profile, isNameChosen: false } };
    expect(distinctProfile(random, [twin]).isNameTaken).toBe(true);
    expect(distinctProfile(own, [twin]).isNameTaken).toBe(false);
  });
});

test("this window's own state, and what is left of it from before a reload, is nobody else", () => {
  const leftover = { ...twin, windowId: "own", openedAt: 1_000 };
  const itself = { ...twin, clientId: own.clientId, windowId: undefined };
  expect(distinctProfile(own, [leftover, itself]).color).toBe(red);
});

test("forty windows in a room get forty colours that are not alike", () => {
  const taken: string[] = [];
  while (taken.length < 40) {
    const color = freeColor(taken);
    expect(taken.filter((other) => isAlike(color, other))).toEqual([]);
    taken.push(color);
  }
});

test("no two colours are alike, and letters on them are black or white, whichever is easier to read", () => {
  expect(colors.map(textColorOn)).toContain("#ffffff");
  expect([textColorOn("#ffff00"), textColorOn("#101010")]).toEqual(["#000000", "#ffffff"]);
  for (const [index, color] of colors.entries()) {
    expect(colors.slice(index + 1).filter((other) => isAlike(color, other))).toEqual([]);
  }
});
