// Ages and countdowns: <time datetime="…" data-tick>5 min</time> shows the distance to now.
// The words are those of hc/core/words.py, age().

const UNITS = [
  ["day", 86400],
  ["h", 3600],
  ["min", 60],
  ["s", 1],
];

export function age(totalSeconds) {
  let rest = Math.floor(totalSeconds);
  if (rest >= 60) rest -= rest % 60;
  const parts = [];
  UNITS.forEach(([unit, size], position) => {
    const number = Math.floor(rest / size);
    rest -= number * size;
    if (number) parts.push({ unit, number, position });
  });
  if (!parts.length) return "0 s";
  return parts
    .filter((part) => part.position <= parts[0].position + 1)
    .map(({ unit, number }) => `${number} ${unit === "day" && number > 1 ? "days" : unit}`)
    .join(" ");
}

export function tick(root = document) {
  const now = Date.now();
  for (const element of root.querySelectorAll("time[data-tick]")) {
    const words = age(Math.abs(now - Date.parse(element.dateTime)) / 1000);
    if (element.textContent !== words) element.textContent = words;
  }
}

setInterval(() => {
  if (!document.hidden) tick();
}, 1000);
document.addEventListener("visibilitychange", () => tick());
