// Texts on the screen whose contrast with what lies behind them is below 4.5 : 1, as
// “ratio text”. Disabled controls and hidden mark-up are left out, as WCAG does.
() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3]));
  const luminance = (colour) => {
    const [r, g, b] = colour.map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ancestors = (element) => element ? [...ancestors(element.parentElement), element] : [];
  const found = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode());) {
    const element = node.parentElement;
    const style = getComputedStyle(element);
    if (!node.data.trim() || !element.checkVisibility({ visibilityProperty: true })) continue;
    if (parseFloat(style.fontSize) < 4 || element.closest("button:disabled, script, style, [data-testid=stIconMaterial]")) continue;
    let behind = [255, 255, 255], opacity = 1;
    for (const ancestor of ancestors(element)) {
      const own = getComputedStyle(ancestor);
      opacity *= parseFloat(own.opacity);
      behind = over(rgba(own.backgroundColor), behind);
    }
    const colour = rgba(style.color);
    const front = over([...colour.slice(0, 3), colour[3] * opacity], behind);
    const [light, dark] = [luminance(front), luminance(behind)].sort((a, b) => b - a);
    const ratio = (light + 0.05) / (dark + 0.05);
    if (ratio < 4.5) found.add(`${ratio.toFixed(2)} ${node.data.trim().slice(0, 40)}`);
  }
  return [...found];
}
