(() => {
  const control = document.currentScript?.closest(".gp")?.querySelector(".threshold");
  if (!control) return;
  const marks = [...control.closest(".gp").querySelectorAll("mark[style*='--p']")];
  const scores = marks.map(mark => parseFloat(mark.style.getPropertyValue("--p")));
  const slider = control.querySelector("input");
  const show = () => {
    marks.forEach((mark, i) => mark.classList.toggle("off", slider.value > scores[i]));
    control.querySelector("output").value = Number(slider.value).toFixed(2);
  };
  slider.addEventListener("input", show);
  control.hidden = false;
  show();
})();
