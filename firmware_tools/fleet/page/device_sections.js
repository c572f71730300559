// The places of a device's page that modules of their own fill. Each is {id, title, wide, mount(box, device, view)}: mount
// is called once, when the page of the device opens; it may answer false where it has nothing to show, and the place is
// then left out. What is `wide` has the whole width, above all else; what is `below` stands below telemetry; the others at
// the side. `view` has what every view has: on(type, hear) for live events, every(seconds, work), and signal, which is
// aborted when the page closes.

import { showCertificates } from "./certificates.js";
import { showPrivacy } from "./privacy.js";
import { mountScreen } from "./screen.js";
import { showTraffic } from "./traffic.js";

export const SECTIONS = [
  { id: "screen", title: "Screen", wide: true, mount: (box, device, view) => view.signal.addEventListener("abort", mountScreen(box, device.id)) },
  { id: "certificates", title: "Certificates", mount: showCertificates },
  { id: "privacy", title: "What people decided", mount: showPrivacy },
  { id: "traffic", title: "Bytes on the wire", below: true, mount: showTraffic },
];
