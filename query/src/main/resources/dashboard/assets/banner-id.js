// Banner ids are 64-bit numbers, which JavaScript's numbers cannot hold exactly, so they are text here.

const MAX_ID = 9223372036854775807n;

/** The name of a banner: its id, or what the id of the banners beyond the limit of new ones stands for. */
export function bannerName(id) {
  return id === String(MAX_ID) ? 'other banners (over the limit)' : id;
}

/** The banner id that the text is, without leading zeros; null if the API would not accept it. */
export function bannerIdOf(text) {
  const id = /^[0-9]+$/.test(text) ? BigInt(text) : 0n;
  return id >= 1n && id <= MAX_ID ? String(id) : null;
}
