// Signs in without leaving the page; the form itself works as well.

const form = document.getElementById('login')
const problem = document.getElementById('login-error')

form.addEventListener('submit', async (event) => {
  event.preventDefault()
  problem.textContent = ''
  const csrf = document.querySelector('meta[name="csrf"]').content
  try {
    const response = await fetch('/login', {
      method: 'POST',
      headers: { 'X-Airlock-CSRF': csrf },
      credentials: 'same-origin',
      body: new URLSearchParams(new FormData(form)),
    })
    if (response.ok) return location.assign('/')
    const { detail } = await response.json().catch(() => ({}))
    problem.textContent = response.status === 401 || response.status === 403 ? problem.dataset.wrong : detail || problem.dataset.failed
  } catch {
    problem.textContent = problem.dataset.failed
  }
  document.getElementById('password').select()
})
