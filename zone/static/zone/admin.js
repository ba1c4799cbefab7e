// What the skin's templates call by name: Alpine without eval only knows what is registered.
document.addEventListener("alpine:init", () => {
  for (const component of [theme, searchForm, searchDropdown, searchCommand]) {
    Alpine.data(component.name, component);
  }
  // The state of every page, on <body>: the open tab and the two ways the sidebar opens.
  Alpine.data("page", (firstTab) => ({
    activeTab: getCurrentTab() || firstTab,
    sidebarMobileOpen: false,
    sidebarDesktopOpen: localStorage.getItem("sidebarDesktopOpen") !== "0",
    // The real window is out of an expression's reach; forms and page numbers need its address.
    window: {
      location: {
        get pathname() { return location.pathname; },
        get search() { return location.search; },
        get hash() { return location.hash; },
        set href(address) { location.assign(address); },
      },
    },
    init() {
      this.$watch("sidebarDesktopOpen", (open) => localStorage.setItem("sidebarDesktopOpen", open ? "1" : "0"));
    },
  }));
});
