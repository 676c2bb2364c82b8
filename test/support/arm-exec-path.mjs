/** Loaded first in a test worker under qemu: what starts `process.execPath` gets the emulated Node. */

const armNode = process.env["TURNWISE_ARM_NODE"];
if (armNode !== undefined) process.execPath = armNode;
