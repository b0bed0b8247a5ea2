/*
 * The kernel's self-tests in v86, under node: no browser, no page.
 *
 *     node selftest.mjs V86 BUNDLE.js KERNEL PROGRAM..      prints what the kernel prints
 *
 * V86 is the folder with libv86.js and v86.wasm. The programs come in one file with the kernel, as
 * in the page. The exit code is 0 where the kernel came to its closing line, whatever that says; 2
 * where it did not.
 */
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";

const MEMORY_MB = 64, SECONDS = 1500;
const [v86, bundler, kernel, ...programs] = process.argv.slice(2);
const require = createRequire(import.meta.url);
const { V86 } = require(path.resolve(v86, "libv86.js"));
const { bundle } = require(path.resolve(bundler));
const read = (file) => new Uint8Array(fs.readFileSync(file));
const buffer = (bytes) => bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);

const image = bundle(read(kernel),
    programs.map((file) => ({ name: path.basename(file), bytes: read(file) })));
const bios = ["bios.bin", "vgabios-stdvga.bin"].map((name) => `/usr/share/seabios/${name}`);

function end(code, why) {
    if (why)
        process.stdout.write(`\n# ${why}\n`);
    process.exit(code);
}
/* v86 throws "HALT" where a kernel leaves by QEMU's isa-debug-exit; what counts comes before. */
process.on("uncaughtException", (error) => end(2, `v86: ${error.message}`));

/* Without SeaBIOS v86 starts a Multiboot kernel all the same. */
const [main, vga] = bios.every(fs.existsSync) ? bios.map((file) => ({ buffer: buffer(read(file)) }))
    : [];
const machine = new V86({
    wasm_path: path.join(v86, "v86.wasm"), memory_size: MEMORY_MB << 20, vga_memory_size: 1 << 20,
    bios: main, vga_bios: vga,
    multiboot: { buffer: buffer(image) }, cmdline: "selftest shell=no", autostart: true,
    disable_mouse: true, disable_keyboard: true, disable_speaker: true,
});
let line = "";
machine.add_listener("serial0-output-byte", (byte) => {
    if (byte === 13)
        return;
    line += String.fromCharCode(byte);
    if (byte !== 10)
        return;
    process.stdout.write(line);
    if (/^plat: \d+ passed, \d+ failed$/m.test(line))
        end(0);
    if (line === "panic: the machine stands still\n")
        end(2);
    line = "";
});
setTimeout(() => end(2, `not done in ${SECONDS} s`), 1000 * SECONDS);
