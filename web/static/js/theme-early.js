// Sets the chosen theme before the first paint, so that a dark page never flashes white. Not a module on purpose.
try {
  const chosen = localStorage.getItem('airlock-theme')
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen
} catch { /* storage is blocked: the system's choice holds */ }
