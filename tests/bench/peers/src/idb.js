// Promises for IndexedDB requests.

export const done = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

export const committed = (transaction) =>
  new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });

export function openDatabase(name, upgrade) {
  const opening = indexedDB.open(name, 1);
  opening.onupgradeneeded = () => upgrade(opening.result);
  return done(opening);
}

export async function deleteDatabases(isOurs) {
  const names = (await indexedDB.databases()).map(({ name }) => name);
  await Promise.all(names.filter(isOurs).map((name) => done(indexedDB.deleteDatabase(name))));
}
