// What every page of the dashboard loads: htmx, and a few gains. Each page works without it.

import "./parts/secure_htmx";
import { copyButtons } from "./parts/copying";
import { filtersSubmitThemselves } from "./parts/filters";
import { selections } from "./parts/selections";

selections();
filtersSubmitThemselves();
copyButtons();
