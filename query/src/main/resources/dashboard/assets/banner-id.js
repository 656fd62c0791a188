// Banner ids are 64-bit numbers, more than JavaScript's numbers hold exactly: here they are text.

const LARGEST = 9223372036854775807n;

/** Whether the text is a banner id as the API takes it. */
export function isBannerId(text) {
  return /^[1-9][0-9]{0,18}$/.test(text) && BigInt(text) <= LARGEST;
}
