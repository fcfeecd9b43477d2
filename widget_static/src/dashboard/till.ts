// The camera at the till: where the browser reads QR codes, a button scans the code in the customer's widget. Without
// it the code is typed.

interface Detector { detect(source: HTMLVideoElement): Promise<{ rawValue: string }[]> }
type Detectors = new (options: { formats: string[] }) => Detector;

const SCAN_EVERY_MS = 200;

const BarcodeDetector = (window as { BarcodeDetector?: Detectors }).BarcodeDetector;
const button = document.querySelector<HTMLButtonElement>("button[data-scan]");
const video = document.querySelector<HTMLVideoElement>("video[data-viewfinder]");
const field = document.querySelector<HTMLInputElement>("#q");

let stream: MediaStream | undefined;

function stop(): void {
  for (const track of stream?.getTracks() ?? []) track.stop();
  stream = undefined;
  if (video) video.hidden = true;
}

/** Reads the picture until a code is in it, or the camera is switched off. */
async function read(detector: Detector, from: HTMLVideoElement, into: HTMLInputElement): Promise<void> {
  while (stream) {
    const [found] = await detector.detect(from).catch(() => []);
    if (found) {
      stop();
      into.value = found.rawValue;
      into.form?.requestSubmit();
    }
    await new Promise((resume) => setTimeout(resume, SCAN_EVERY_MS));
  }
}

async function scan(Found: Detectors, from: HTMLVideoElement, into: HTMLInputElement): Promise<void> {
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    from.srcObject = stream;
    from.hidden = false;
    await from.play();
    await read(new Found({ formats: ["qr_code"] }), from, into);
  } catch {
    stop();
    const status = document.getElementById("status");
    if (status) status.textContent = button?.dataset["denied"] ?? "";
  }
}

if (BarcodeDetector && button && video && field && navigator.mediaDevices) {
  button.hidden = false;
  button.addEventListener("click", () => stream ? stop() : void scan(BarcodeDetector, video, field));
  addEventListener("pagehide", stop);
}
