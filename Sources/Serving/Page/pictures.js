// Pictures as they come in: read, measured, and sent as they are. Only what the server could not read, or would refuse
// for its size, is drawn anew; the browser turns it upright then, and no note of an orientation is left in the file, so
// that nobody turns it twice.
import { element } from "./dom.js";
import { bytes, count } from "./format.js";
import { newID } from "./store.js";

const signatures = [
  ["image/png", [0x89, 0x50, 0x4e, 0x47]],
  ["image/jpeg", [0xff, 0xd8, 0xff]],
  ["image/webp", [0x52, 0x49, 0x46, 0x46, null, null, null, null, 0x57, 0x45, 0x42, 0x50]],
];

/** What the bytes are, whatever the file's name says. */
async function kindOf(blob) {
  const start = new Uint8Array(await blob.slice(0, 12).arrayBuffer());
  return signatures.find(([, signature]) => signature.every((value, place) => value === null || start[place] === value))?.[0];
}

/**
 * `{ id, name, type, width, height, size, blob, note }`, width and height upright. Throws an Error with words for a
 * person where the file is no picture. `limits` are the server's: `{ max_pixels, max_body_bytes }`.
 */
export async function readPicture(file, limits = {}) {
  const name = (file.name || "Pasted picture").slice(0, 120);
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    throw new Error(`${name} is not a picture that this browser can read.`);
  }
  const { width, height } = bitmap;
  const type = await kindOf(file);
  // Base64 makes four bytes of three.
  const mostBytes = Math.min((limits.max_body_bytes ?? 50e6) * 0.7, 30e6);
  const mostPixels = limits.max_pixels ?? 60e6;
  try {
    if (type && file.size <= mostBytes && width * height <= mostPixels) {
      return { id: newID(), name, type, width, height, size: file.size, blob: file.slice(0, file.size, type), note: "" };
    }
    const shrink = Math.min(1, Math.sqrt(Math.min(mostPixels, 16e6) / (width * height)));
    const [newWidth, newHeight] = [Math.max(1, Math.floor(width * shrink)), Math.max(1, Math.floor(height * shrink))];
    const blob = await drawAnew(bitmap, newWidth, newHeight, type === "image/jpeg" || file.size > mostBytes);
    const note = shrink < 1 ? `Made smaller: ${count(width)}×${count(height)} is more than is read` : "Converted";
    return { id: newID(), name, type: blob.type, width: newWidth, height: newHeight, size: blob.size, blob, note };
  } finally {
    bitmap.close();
  }
}

async function drawAnew(bitmap, width, height, lossy) {
  const canvas = element("canvas", { width, height });
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  const blob = await new Promise((resolve) => {
    canvas.toBlob(resolve, lossy ? "image/jpeg" : "image/png", 0.95);
  });
  if (!blob) throw new Error("The picture is too large for this browser.");
  return blob;
}

export const pictureWords = ({ width, height, size }) => `${count(width)}×${count(height)} pixels, ${bytes(size)}`;

export const dataURL = (blob) => new Promise((resolve, reject) => {
  const reader = new FileReader();
  reader.onload = () => resolve(reader.result);
  reader.onerror = () => reject(new Error("A picture can no longer be read."));
  reader.readAsDataURL(blob);
});

/** The picture files of a paste or a drop. */
export const filesIn = (transfer) => [...(transfer?.files ?? [])].filter((file) =>
  file.type.startsWith("image/") || /\.(png|jpe?g|webp|gif|bmp|avif)$/i.test(file.name));

/** Addresses of blobs, one for each picture, until the page is closed. */
const addresses = new Map();

export function pictureAddress(id, blob) {
  if (!addresses.has(id)) addresses.set(id, URL.createObjectURL(blob));
  return addresses.get(id);
}

export function forgetAddress(id) {
  if (addresses.has(id)) URL.revokeObjectURL(addresses.get(id));
  addresses.delete(id);
}
