/**
 * Where GraphiQL remembers. What is typed here (passwords, real names, ID numbers) lives as long as the browser's
 * tab and no longer; how it looks (theme, open panel, sizes) is remembered for good.
 */

const TYPED = new Set(["query", "variables", "headers", "tabState", "queries", "favorites"]);
const PREFIX = "graphiql:";

function placeOf(key: string): globalThis.Storage {
  return TYPED.has(key.slice(PREFIX.length)) ? sessionStorage : localStorage;
}

function ownKeys(place: globalThis.Storage): string[] {
  return Object.keys(place).filter((key) => key.startsWith(PREFIX));
}

export const storage = {
  getItem: (key: string): string | null => placeOf(key).getItem(key),
  setItem: (key: string, value: string): void => placeOf(key).setItem(key, value),
  removeItem: (key: string): void => placeOf(key).removeItem(key),
  get length(): number {
    return ownKeys(sessionStorage).length + ownKeys(localStorage).length;
  },
  clear(): void {
    for (const place of [sessionStorage, localStorage]) {
      for (const key of ownKeys(place)) place.removeItem(key);
    }
  },
};

export function forgetTyped(): void {
  for (const key of ownKeys(sessionStorage)) sessionStorage.removeItem(key);
}

interface StoredTabs {
  activeTabIndex: number;
  tabs: { query: string | null; variables: string | null }[];
}

/** The tab that was active before a reload. GraphiQL would otherwise open it a second time beside itself. */
export function storedActiveTab(): { query: string; variables: string } | null {
  try {
    const stored = JSON.parse(storage.getItem(`${PREFIX}tabState`) ?? "null") as StoredTabs | null;
    const tab = stored?.tabs[stored.activeTabIndex];
    return tab === undefined ? null : { query: tab.query ?? "", variables: tab.variables ?? "" };
  } catch {
    return null;
  }
}
