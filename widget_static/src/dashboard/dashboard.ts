// What every page of the dashboard loads: htmx, and a few gains. Each page works without it.

import "./parts/secure_htmx";
import { copyButtons } from "./parts/copying";
import { filtersSubmitThemselves } from "./parts/filters";
import { presses } from "./parts/presses";
import { selections } from "./parts/selections";

presses();
selections();
filtersSubmitThemselves();
copyButtons();
