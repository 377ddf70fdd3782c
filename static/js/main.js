// What every page loads. Each module binds itself to markup by element name or attribute.
import "./choose.js";
import "./copy.js";
import "./live.js";
import "./menu.js";
import "./small.js";
import "./tick.js";
