// Animates a value from the row to a lane's memory, or from there into the row.

export function still(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** Moves a copy of `text` from `from` to `to`; with reduced motion, `to` is briefly outlined instead. */
export function fly(from: Element | null, to: Element | null, text: string): void {
  if (!from || !to) return;
  if (still()) {
    to.classList.add("arrived");
    requestAnimationFrame(() => requestAnimationFrame(() => to.classList.remove("arrived")));
    return;
  }
  const [start, end] = [from.getBoundingClientRect(), to.getBoundingClientRect()];
  const ghost = document.createElement("b");
  ghost.className = "ghost";
  ghost.textContent = text;
  ghost.setAttribute("aria-hidden", "true");
  ghost.style.left = `${start.left}px`;
  ghost.style.top = `${start.top}px`;
  document.body.append(ghost);
  const path = `translate(${end.left - start.left}px, ${end.top - start.top}px)`;
  const flight = ghost.animate([{ transform: "none", opacity: 1 }, { transform: path, opacity: 0.4 }], {
    duration: 240,
    easing: "cubic-bezier(0.2, 0, 0, 1)",
  });
  flight.onfinish = flight.oncancel = () => ghost.remove();
}
